"""Nine mistakes planted in small studies, and nine clean twins: does the report name each mistake, and nothing else?

Every study cell is trained by the real pipeline on a synthetic probe, then diagnosed by the rules of `diagnose`. A
mistake is found if it is the first of the causes. A false alarm is any cause in a clean twin.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from validated import Validation

from seqtwin.config import parse_run, parse_study
from seqtwin.data.sets.synthetic.dataset import probes
from seqtwin.files import publish_text
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.records import States
from seqtwin.reporting.findings.diagnose import Diagnosis, diagnose_cell
from seqtwin.reporting.findings.refusals import check_claims
from seqtwin.reporting.table.study_table import read_study
from seqtwin.run.train import train
from seqtwin.study.compare import compare

PAIRS = 2000
BASE: dict[str, Any] = {
    "data": {"name": "probes", "probe": "P1", "pairs": PAIRS, "seed": 0},
    "tokens": {"unit": "word"},
    "encoder": {"cell": "lstm", "embedding": 32, "hidden": 32, "bidirectional": False},
    "representation": "final_hidden",
    "similarity": "cosine",
    "loss": "mse",
    "fit": {"epochs": 5, "batch": 64, "lr": 0.005, "patience": None, "device": "cpu", "threads": 1},
}
Part = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


class FlattenedHidden(torch.nn.Module):
    """A common mistake: h_n, which is (layers * directions, batch, hidden), flattened as if it were batch first."""

    needs = frozenset({"hidden"})

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.layers * shape.joined, shape.bound

    def forward(self, states: States) -> torch.Tensor:
        h_n = states.hidden.flatten(1, 2).transpose(0, 1).contiguous()
        return h_n.view(len(states.hidden), -1)


@dataclass(frozen=True)
class Bug:
    """A mistake. `wrong`, `right`: the settings of both studies; `corrupt`: changes the data of the wrong one."""

    wrong: Mapping[str, Any] = field(default_factory=dict)
    right: Mapping[str, Any] = field(default_factory=dict)
    corrupt: Callable[[Part], Part] | None = None


def parts_of(probe: str) -> Part:
    """Train, dev and test pairs of a probe."""
    frame = probes(probe=probe, pairs=PAIRS, seed=BASE["data"]["seed"]).frame
    train, dev, test = (frame[frame["split"] == split] for split in ("train", "dev", "test"))
    return train, dev, test


def inverted(parts: Part) -> Part:
    """Inverted training labels."""
    train, dev, test = parts
    return train.assign(target=1 - train["target"]), dev, test


def leaking(parts: Part) -> Part:
    """One test pair in ten is a training pair."""
    train, dev, test = parts
    tenth = len(test) // 10
    return train, dev, pd.concat([train.iloc[:tenth], test.iloc[tenth:]])


def by_length(_: Part) -> Part:
    """P9 reversed: in train and dev, the same pairs have equal lengths and the others do not. In test they may.

    P9 itself requires pairs of equal length to be different, which no shared encoder can learn from the length.
    """
    frame = probes(probe="P9", pairs=3 * PAIRS, seed=BASE["data"]["seed"]).frame
    honest, tempting = (frame[frame["split"] == split] for split in ("train", "test"))
    return tempting.iloc[:PAIRS], tempting.iloc[PAIRS : PAIRS + PAIRS // 4], honest.iloc[: PAIRS // 2]


BOTH = {"encoder": {"bidirectional": True}}
FEW = {**BOTH, "data": {"probe": "P2", "pairs": 320}}  # five steps per epoch
WIDE = {"encoder": {"hidden": 256}, "fit": {"epochs": 10}}
NEAR = {"name": "contrastive", "distance": "cosine", "margin": "auto"}
FAR = {"name": "contrastive", "distance": "euclidean", "margin": 10.0}
SPREAD = {"representation": "sqrt_mean_output", "loss": {**FAR, "margin": "auto"}, "similarity": "negative_euclidean"}
BUGS: dict[str, Bug] = {
    "padding": Bug(
        {"representation": "last_output", "encoder": {"padding": "read"}}, {"representation": "last_output"}
    ),
    "wrong h_n view": Bug({**BOTH, "representation": "flattened_hidden"}, BOTH),
    "wrong bidirectional slice": Bug(
        {**BOTH, "data": {"probe": "P2"}, "representation": "last_output"}, {**BOTH, "data": {"probe": "P2"}}
    ),
    "inverted label": Bug({"loss": NEAR}, {"loss": NEAR}, inverted),
    "unreachable margin": Bug(
        {"loss": FAR, "similarity": "negative_euclidean"},
        {"loss": {**FAR, "margin": "auto"}, "similarity": "negative_euclidean"},
    ),
    "saturated head": Bug(
        {**WIDE, "similarity": {"name": "exp_manhattan", "tau": 1.0}},
        {**WIDE, "similarity": {"name": "exp_manhattan", "tau": "width"}},
    ),
    "too short step budget": Bug({**FEW, "fit": {"epochs": 1}}, {**FEW, "fit": {"epochs": 30}}),
    "length leak": Bug(SPREAD, {**SPREAD, "data": {"probe": "P4"}}, by_length),
    "train/test leakage": Bug(corrupt=leaking),
}


def raw_config(changes: Mapping[str, Any], folder: Path, corrupt: Callable[[Part], Part] | None) -> dict[str, Any]:
    """The config of a study cell. Corrupted data are written to files of their own."""
    raw = {key: {**value, **changes.get(key, {})} if key in ("data", "encoder", "fit") else changes.get(key, value)
           for key, value in BASE.items()}  # fmt: skip
    if corrupt is not None:
        parts = corrupt(parts_of(raw["data"]["probe"]))
        folder.mkdir(parents=True)
        for split, part in zip(("train", "dev", "test"), parts, strict=True):
            publish_text(folder / f"{split}.csv", part[["left", "right", "target"]].to_csv(index=False))
        files = {split: str(folder / f"{split}.csv") for split in ("train", "dev", "test")}
        raw["data"] = {**files, "score": "target", "scale": [0, 1]}
    return raw


def diagnosed(changes: Mapping[str, Any], folder: Path, corrupt: Callable[[Part], Part] | None) -> Diagnosis:
    """Train one study cell and diagnose it."""
    run = train(parse_run(raw_config(changes, folder / "data", corrupt)), folder / "cell")
    return diagnose_cell(run.path)


def summary(diagnosis: Diagnosis) -> str:
    """The diagnosis in one line."""
    return f"{diagnosis.label}; causes {list(diagnosis.causes)}; findings {' '.join(sorted(diagnosis.codes))}"


def leak_refusals(folder: Path) -> list[bool]:
    """Whether R13 is in the report of the leaking study, and in that of the clean one. Both are complete studies."""
    found = []
    for name, corrupt in (("leaking", leaking), ("clean", None)):
        base = raw_config({}, folder / name / "data", corrupt)
        grid = {"representation": ["final_hidden", "max_output"]}
        study = parse_study({"base": base, "grid": grid, "tune": False, "seeds": [0]})
        compare(study, folder / name / "study", jobs=1)
        found.append("R13" in {one.code for one in check_claims.check_study(read_study(folder / name / "study"))})
    return found


def main() -> None:
    """Train all eighteen studies, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of data and training; figures are written for seed 0 only")
    options = parser.parse_args()
    BASE["fit"]["seed"] = BASE["data"]["seed"] = options.seed
    REPRESENTATIONS["flattened_hidden"] = FlattenedHidden
    found, named, alarms = Validation("planted_bugs"), 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, bug in BUGS.items():
            folder = Path(scratch) / name.replace(" ", "-").replace("/", "-")
            wrong = diagnosed(bug.wrong, folder / "wrong", bug.corrupt)
            right = diagnosed(bug.right, folder / "right", None)
            print(f"{name}\n  planted: {summary(wrong)}\n  clean:   {summary(right)}", flush=True)
            first, silent = wrong.causes[:1] == (name,), not right.causes
            found.add(f"{name}: named first where it is planted", first, "1", first)
            found.add(f"{name}: mistakes named in its clean twin", len(right.causes), "0", silent)
            named, alarms = named + first, alarms + (not silent)
        leaks = leak_refusals(Path(scratch) / "leak")
    found.add("train/test leakage: the leaking study refuses its claims (R13), the clean one does not",
              leaks == [True, False], "1", leaks == [True, False])  # fmt: skip
    found.add("planted bugs named", named, "9 of 9", named == 9)
    found.add("false alarms on the clean twins", alarms, "0 of 9", alarms == 0)
    if options.seed == 0:
        found.close()


if __name__ == "__main__":
    main()
