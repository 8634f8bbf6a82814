"""Counts faults and what they did, and writes reports/reliability.

    python tests/faults/soak.py minutes|nightly

`minutes`: the counts of one change of the code. `nightly`: the full counts, hours. Each part is a process of its own
that ends by itself. Parts that are counted already, with the same form and version, are not repeated.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from seqtwin.files import publish_text
from seqtwin.version import __version__

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HOME, PAGES = ROOT / "experiments" / "reliability", ROOT / "reports" / "reliability"
COUNTS, PAGE = HOME / "counts.json", PAGES / "README.md"
SCENARIOS = {
    "publish": "a file that is replaced",
    "encode": "`encode --resume`",
    "index": "an index",
    "dedupe": "`dedupe`",
    "link": "`link`",
    "mine": "`mine`",
    "train": "`train`",
    "compare": "`compare`",
}
MALICIOUS = {
    "pickles": ("pickles in place of weights, tables and configs", "40"),
    "traversals": ("names that lead out of a folder", "60"),
    "bombs": ("small files that claim or unpack to something huge", "15"),
}
FAULTS = ("ENOSPC", "EIO", "EACCES", "EROFS", "EDQUOT")
MOST = {"ENOSPC": 60, "EIO": 10, "EACCES": 10, "EROFS": 10, "EDQUOT": 10}  # changes of `compare`, which has hundreds


@dataclass(frozen=True)
class Part:
    """A part of the page. `arguments`: of the script, by form; `target`: what the project asks of the full form."""

    title: str
    script: str
    arguments: Mapping[str, tuple[str, ...]]
    target: str = ""


def parts() -> dict[str, Part]:
    """Every part, by name."""
    found = {}
    for name, words in SCENARIOS.items():
        for fault in ("crash", *FAULTS):
            what = "crash" if fault == "crash" else f"the disk answers {fault}"
            all_of_them = (str(MOST[fault]),) if name == "compare" and fault in MOST else ()
            forms = {"minutes": (name, fault, "4"), "nightly": (name, fault, *all_of_them)}
            found[f"{name}-{fault}"] = Part(f"{words}: {what} at a change of the disk", "at_every_point.py", forms)
        losses = {"minutes": (name, "300"), "nightly": (name, "1250")}
        found[f"{name}-power"] = Part(f"{words}: power loss", "power_loss.py", losses)
    whole = {
        "kills": ("kill -9 of a study at a random moment", "study_kills.py", ("10",), ("200",), "200"),
        "swarm": ("rounds of 32 processes that drive one folder", "swarm.py", ("32", "20"), ("32", "500"), "500"),
        "flips": ("one flipped bit in a study, an encoder or an index", "flip_bits.py", ("300",), ("10000",), "10,000"),
        "forged": (
            "one odd value in a study, a run or an encoder, with hashes that fit",
            "forged_studies.py",
            ("60",),
            ("2000",),
            "2,000",
        ),
        "requests": ("changed requests to the service", "fuzz_requests.py", ("1000",), ("10000",), "10,000"),
        "fuzz": ("changed files for every reader", "fuzz_readers.py", ("10000", "1"), ("1000000", "2"), "1,000,000"),
    }
    for name, (title, script, few, many, target) in whole.items():
        found[name] = Part(title, script, {"minutes": few, "nightly": many}, target)
    for name, (title, target) in MALICIOUS.items():
        found[name] = Part(title, "malicious_files.py", {"minutes": (name,), "nightly": (name,)}, target)
    return found


def count(part: Part, form: str) -> dict[str, Any]:
    """Run a part; its counts."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("src", "tests"))}
    start = time.monotonic()
    command = [sys.executable, str(HERE / part.script), *part.arguments[form]]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        return {"tried": 0, "wrong": [done.stderr.strip().splitlines()[-1]], "seconds": 0.0}
    return {**json.loads(done.stdout), "seconds": round(time.monotonic() - start, 1)}


def page(counts: Mapping[str, Any]) -> str:
    """The counts as Markdown."""
    found = {name: counts[name] for name in parts() if name in counts}
    rows = "".join(_row(part, found[name]) for name, part in parts().items() if name in found)
    tried = sum(own["tried"] for own in found.values())
    wrong = sum(len(own["wrong"]) for own in found.values())
    return f"""# Faults, counted

Written by `make soak-nightly` from [counts.json](../../experiments/reliability/counts.json): {tried:,} faults,
{wrong:,} with a wrong outcome. Commands run on tiny data in processes of their own. After each crash or refusal of the
disk, what is published must be whole, nothing else may look published, and the same command must go on and end with
the same bytes as without the fault. After a power loss, everything published before it must be there. Of studies that
are killed, no published cell may be lost or trained again. A changed file must be read, or refused with one typed
error, within 20 seconds. So must a file with an odd value whose hashes were made to fit. A changed request must be
answered, or refused with one typed error and no status 5xx, within 20 seconds. A pickle, a name that leads out of its
folder and a file that claims to be huge must be refused, and nothing may run.
[SECURITY.md](../../SECURITY.md) states the promises.

*Of*: how often the command changes the disk (opening a file to write, renames, removals, flushes); of kills the number
of studies, of the swarm that of processes that drove.

| fault | of | tried | wrong | seconds |
| --- | ---: | ---: | ---: | ---: |
{rows}
Counted on {counts["counted"]}.
"""


def _row(part: Part, own: Mapping[str, Any]) -> str:
    points = f"{own['points']:,}" if "points" in own else ""
    target = f" (asked: {part.target})" if part.target else ""
    return f"| {part.title} | {points} | {own['tried']:,}{target} | {len(own['wrong']):,} | {own['seconds']:,.0f} |\n"


def main() -> None:
    """Count what is not counted yet, write the page, and fail if anything was wrong."""
    form, *names = sys.argv[1:]
    keep, own = form == "nightly", {}
    for name, part in parts().items():
        if (not names or name in names) and not (keep and name in _known()):
            own[name] = count(part, form)
            sys.stdout.write(f"{name}: {own[name] | {'wrong': own[name]['wrong'][:3]}}\n")
            sys.stdout.flush()
            if keep:
                _publish({**_known(), name: own[name]})
    sys.exit(any(found["wrong"] for found in own.values()))


def _known() -> dict[str, Any]:
    """The counts so far. Another process may count other parts meanwhile."""
    counted = f"{date.today()}, Python {platform.python_version()}, version {__version__}"
    return json.loads(COUNTS.read_text()) if COUNTS.exists() else {"counted": counted}


def _publish(counts: Mapping[str, Any]) -> None:
    publish_text(COUNTS, json.dumps(counts, indent=2) + "\n")
    publish_text(PAGE, page(counts))


if __name__ == "__main__":
    main()
