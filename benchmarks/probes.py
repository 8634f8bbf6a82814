"""The probes test the harness itself: oracles reach their ceilings, what is blind or has nothing to learn stays at .5.

Encoders as in configs/probes.yaml (LSTM 32, one direction, masked), trained by mse on two similarities.
"""

import tempfile
from pathlib import Path
from typing import Any

from figures import show_plain
from validated import Validation

import seqtwin
from seqtwin.data.sets.synthetic.dataset import probes
from seqtwin.data.sets.synthetic.generators import PROBES
from seqtwin.strict_yaml import read_yaml
from seqtwin.study.baselines.pairs import measure_floors

CONFIG = Path(__file__).parent.parent / "configs" / "probes.yaml"
READINGS = ("final_hidden", "last_output", "mean_output", "max_output", "attention_output")
SIMILARITIES: dict[str, Any] = {"cosine": "cosine", "exp_manhattan": {"name": "exp_manhattan", "tau": 1.0}}
READERS = {"bag": "bags of words", "max_output": "sets of keys", "length": "lengths"}
EPOCHS = 15  # the mean of one direction sees the last key in one state of L: it needs more than the config's 10
SHUFFLED_PAIRS = 16_000  # 8,000 test pairs: an AUC of nothing has a standard deviation of .006
SHUFFLED_EPOCHS = 2


def show_ceilings(found: Validation) -> None:
    """Every oracle against its ceiling; a bag of vectors on P6 against .5."""
    for name in PROBES:
        facts = probes(probe=name).facts
        ceiling, reached = facts["ceiling"], furthest(facts)
        found.add(f"{name} {facts['title']}: oracle", reached, f"{ceiling:g} +- .005", abs(reached - ceiling) <= 0.005)
        for reader, value in facts["ceilings"].items():
            show_plain(f"{name}: what a reader of {READERS[reader]} reaches", value)
    bag = measure_floors(probes(probe="P6"))["mean_vectors"]["test"]["roc_auc"]
    found.add("P6 bag of vectors", bag, ".5 +- .03", abs(bag - 0.5) <= 0.03)


def furthest(facts: dict[str, Any]) -> float:
    """The oracle's score in the split where it is furthest from the ceiling."""
    return float(max(facts["oracle"].values(), key=lambda value: abs(value - facts["ceiling"])))


def trained(folder: Path, **changes: Any) -> float:
    """Test ROC-AUC of configs/probes.yaml with changes in its sections."""
    raw = read_yaml(CONFIG)
    for key, value in changes.items():
        raw[key] = {**raw[key], **value} if isinstance(raw.get(key), dict) else value
    return float(seqtwin.train(raw, folder).scores["test"]["roc_auc"])


def show_readings(found: Validation, folder: Path) -> None:
    """P1 by every representation that reads its sequence rightly."""
    settings = {"data": {"probe": "P1"}, "fit": {"epochs": EPOCHS}}
    for similarity, spec in SIMILARITIES.items():
        for reading in READINGS:
            name = f"{reading}, mse on {similarity}"
            auc = trained(folder / f"{reading}-{similarity}", representation=reading, similarity=spec, **settings)
            found.add(f"P1 {name}", auc, ">= .99", auc >= 0.99)


def show_shuffled(found: Validation, folder: Path) -> None:
    """P1 with targets that have nothing to do with the texts, trained all the same."""
    data = {"probe": "P1", "labels": "shuffled", "pairs": SHUFFLED_PAIRS}
    auc = trained(folder / "shuffled", data=data, fit={"epochs": SHUFFLED_EPOCHS})
    found.add("P1 with shuffled labels, trained", auc, ".5 +- .03", abs(auc - 0.5) <= 0.03)


def main() -> None:
    """Print and write the figures."""
    found = Validation("probes")
    show_ceilings(found)
    with tempfile.TemporaryDirectory() as folder:
        show_shuffled(found, Path(folder))
        show_readings(found, Path(folder))
    found.close()


if __name__ == "__main__":
    main()
