"""Checks of the harness itself: oracles reach the ceilings of the probes, and models without information stay at .5.

Encoders as in configs/probes.yaml (LSTM 32, one direction, masked), trained by mse on two similarities.
"""

import tempfile
from pathlib import Path
from typing import Any

from figures import show_plain
from validated import Validation

import seqtwin
from seqtwin.baselines.pairs import measure_floors
from seqtwin.data.sets.synthetic.dataset import probes
from seqtwin.data.sets.synthetic.generators import PROBES
from seqtwin.strict_yaml import read_yaml

CONFIG = Path(__file__).parent.parent / "configs" / "probes.yaml"
READINGS = ("final_hidden", "last_output", "mean_output", "max_output", "attention_output")
SIMILARITIES: dict[str, Any] = {"cosine": "cosine", "exp_manhattan": {"name": "exp_manhattan", "tau": 1.0}}
READERS = {"bag": "bags of words", "max_output": "sets of keys", "length": "lengths"}
EPOCHS = 15  # more than the config's 10: in the mean of one direction, the last key affects only one of L states
SHUFFLED_PAIRS = 16_000  # 8,000 test pairs: the standard deviation of an AUC by chance is .006
SHUFFLED_EPOCHS = 2


def show_ceilings(found: Validation) -> None:
    """Every oracle compared with its ceiling; a bag of vectors on P6 compared with .5."""
    for name in PROBES:
        facts = probes(probe=name).facts
        ceiling, reached = facts["ceiling"], furthest(facts)
        found.add(f"{name} {facts['title']}: oracle", reached, f"{ceiling:g} +- .005", abs(reached - ceiling) <= 0.005)
        for reader, value in facts["ceilings"].items():
            show_plain(f"{name}: ceiling of a model that sees only {READERS[reader]}", value)
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
    """P1 with every representation that can solve it."""
    settings = {"data": {"probe": "P1"}, "fit": {"epochs": EPOCHS}}
    for similarity, spec in SIMILARITIES.items():
        for reading in READINGS:
            name = f"{reading}, mse on {similarity}"
            auc = trained(folder / f"{reading}-{similarity}", representation=reading, similarity=spec, **settings)
            found.add(f"P1 {name}", auc, ">= .99", auc >= 0.99)


def show_shuffled(found: Validation, folder: Path) -> None:
    """P1 trained on targets that are unrelated to the texts."""
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
