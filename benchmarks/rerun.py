"""Reproducibility: the same study run twice, with another number of processes. Are all measured files identical?"""

import tempfile
from pathlib import Path

from validated import Validation

from seqtwin.config import parse_study
from seqtwin.files import read_json, sha256
from seqtwin.json_values import hash_of
from seqtwin.study.compare import compare

STUDY = {
    "base": {
        "data": {"name": "placenames", "pairs": 600},
        "tokens": {"unit": "char", "lower": True, "normalize": "fold"},
        "encoder": {"cell": "lstm", "embedding": 16, "hidden": 24},
        "similarity": "cosine",
        "fit": {"epochs": 2},
    },
    "grid": {
        "encoder.cell": ["lstm", "gru"],
        "representation": ["final_hidden", "attention_output"],
        "loss": ["mse", {"name": "contrastive", "distance": "cosine", "margin": "auto"}],
    },
    "seeds": 2,
}
OF_CELLS = ("scores.json", "diagnostics.json", "predictions.csv", "trace.csv", "reads.csv", "encoder/model.safetensors")


def hashes(out: Path) -> dict[str, str]:
    """The hash of each file with measured values, and of the tuning results without their seconds."""
    found = {f"{path.name}/{name}": sha256(path / name) for path in out.glob("cells/[!.]*") for name in OF_CELLS}
    for path in out.glob("tuning/[!.]*"):
        best = read_json(path / "best.json")
        found[f"{path.name}/best.json"] = hash_of({key: one for key, one in best.items() if key != "seconds"})
    return found


def main() -> None:
    """Print and write the figures."""
    figures = Validation("rerun")
    with tempfile.TemporaryDirectory() as folder:
        runs = [hashes(compare(parse_study(STUDY), Path(folder) / f"with-{n}", jobs=n).path) for n in (2, 1)]
    first, second = runs
    for name in (*OF_CELLS, "best.json"):
        names = [key for key in {*first, *second} if key.endswith(f"/{name}")]
        same = sum(first.get(key) == second.get(key) for key in names) / max(1, len(names))
        figures.add(f"{name}: share of {len(names)} files that are the same", same, "1", bool(names) and same == 1)
    figures.close()


if __name__ == "__main__":
    main()
