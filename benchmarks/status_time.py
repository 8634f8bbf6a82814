"""CPU seconds of `seqtwin status` in a fresh process: a small study, and 1,000 published cells. The best of five runs.

The study is trained here, on 40 made pairs. Its published cell is then copied to 1,000 names.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from figures import show_plain
from report_time import least

import seqtwin
from seqtwin.files import read_json

CELLS = 1_000
IMPORTS = "import seqtwin.cli.status_verify, seqtwin.progress.find_status, seqtwin.progress.status_words"
STUDY = {
    "base": {"encoder": {"embedding": 4, "hidden": 4}, "fit": {"epochs": 1}},
    "grid": {"representation": ["final_hidden", "max_output"]},
    "seeds": 2,
    "tune": False,
    "question": "how long does a status take?",
}


def train_study(folder: Path) -> Path:
    """A study of four published cells."""
    lines = [f"{'ab'[row % 2] * 3}{row},{'aab'[row % 3] * 3}{row},{row % 2}" for row in range(40)]
    (folder / "pairs.csv").write_text("\n".join(["left,right,label", *lines, ""]), encoding="utf-8")
    base = {**STUDY["base"], "data": {"file": str(folder / "pairs.csv"), "label": "label"}}  # type: ignore[dict-item]
    return seqtwin.compare({**STUDY, "base": base}, folder / "small", jobs=1, progress=False).path


def widen(study: Path, cells: int) -> Path:
    """The same study with one published cell under this many names."""
    wide = study.with_name("wide")
    shutil.copytree(study, wide, ignore=shutil.ignore_patterns("cells", "report"))
    one = read_json(study / "study.json")["planned"][0]
    names = [f"{one.rpartition('.s')[0]}.s{seed}" for seed in range(cells)]
    for name in names:
        shutil.copytree(study / "cells" / one, wide / "cells" / name, ignore=shutil.ignore_patterns("encoder"))
    declared = json.dumps({**read_json(study / "study.json"), "planned": names})
    (wide / "study.json").write_text(declared, encoding="utf-8")
    return wide


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        small = train_study(Path(folder))
        wide = widen(small, CELLS)
        show_plain("imports of seqtwin status", least([sys.executable, "-c", IMPORTS]), " s")
        for name, study in (("4 published cells", small), (f"{CELLS:,} published cells", wide)):
            used = least([sys.executable, "-m", "seqtwin", "status", str(study)])
            show_plain(f"seqtwin status: {name}", used, " s")


if __name__ == "__main__":
    main()
