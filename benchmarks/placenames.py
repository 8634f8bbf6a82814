"""ROC-AUC on the test pairs of `placenames`, compared with methods that do not train."""

import studies
from figures import show, show_plain

REQUIRED = 0.90


def main() -> None:
    """Print the figures."""
    print("placenames, all pairs of configs/placenames.yaml, ROC-AUC on test")
    folder = studies.run("placenames")
    for pairing, figure in studies.means(studies.cells(folder), "roc_auc").items():
        show(pairing, figure, f">= {REQUIRED}", figure >= REQUIRED)
    for name, figure in studies.floors(folder, "roc_auc").items():
        show_plain(name, figure)


if __name__ == "__main__":
    main()
