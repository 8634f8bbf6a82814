"""Pearson correlation on the test pairs of SICK: trained on train, chosen on dev, tested once. Mean of three seeds."""

import os
from pathlib import Path

import studies
from figures import show, show_plain

REQUIRED = {"max_output": 0.815, "mean_output": 0.79, "final_hidden": 0.77}


def last_below_final(found: list[studies.Cell]) -> list[float]:
    """final_hidden minus last_output, seed by seed."""
    by_part = {(c.factors["representation"], c.factors["seed"]): c.test["pearson"] for c in found}
    seeds = sorted(seed for part, seed in by_part if part == "last_output")
    return [by_part["final_hidden", seed] - by_part["last_output", seed] for seed in seeds]


def main() -> None:
    """Print the figures."""
    if not (Path(os.environ.get("SEQTWIN_DATA", "")) / "sick").is_dir():
        print("sick: not measured, because $SEQTWIN_DATA/sick does not exist")
        return
    print("SICK, word tokens, bidirectional LSTM 128, no pretrained word vectors, 10 epochs, Pearson on test")
    folder = studies.run("sick")
    found = studies.cells(folder)
    for pairing, figure in studies.means(found, "pearson").items():
        required = REQUIRED.get(pairing.split(" x ")[0], 0.0)
        show(pairing, figure, f">= {required}", figure >= required) if required else show_plain(pairing, figure)
    gaps = last_below_final(found)
    show("smallest final_hidden - last_output of all seeds", min(gaps), "> 0", min(gaps) > 0)
    for name, figure in studies.floors(folder, "pearson").items():
        show_plain(name, figure)


if __name__ == "__main__":
    main()
