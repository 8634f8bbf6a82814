"""The test pairs with the worst scores under the chosen pairing of each data set."""

import pandas as pd

from seqtwin.published import PREDICTION, TEXT_PAIR
from seqtwin.reporting.statistics import BINARY
from seqtwin.reporting.table.frame_rows import joined
from seqtwin.reporting.table.planned_cells import Gathered, Pairing

SHOWN = 10
LONGEST = 160


def worst_pairs(gathered: Gathered, pairings: pd.DataFrame) -> pd.DataFrame:
    """Ten rows per chosen pairing: `row`, `target`, `score`, `miss`, `left`, `right` (empty where texts stay private).

    miss = |rank of the score - target|, with ranks as shares from 0 to 1, mean over finished seeds. Graded targets are
    replaced by their ranks. Same pairs with the lowest scores and different ones with the highest come first.
    """
    chosen = [tuple(row) for row in pairings[pairings["chosen"] == 1][gathered.keys].to_numpy()]
    parts = [_worst(pairing) for pairing in gathered.of_pairs() if tuple(pairing.labels.values()) in chosen]
    return joined(parts, [*gathered.keys, "row", "target", "score", "miss", "left", "right"])


def _worst(pairing: Pairing) -> pd.DataFrame:
    cells = [measured for _, measured in pairing.finished]
    first = cells[0].test
    scores = pd.concat([cell.test[PREDICTION.score].astype(float) for cell in cells], axis=1)
    targets = first[PREDICTION.target].astype(float)
    two_classes = str(cells[0].scores["primary"]) in BINARY
    goal = (targets >= cells[0].facts.get("cut", 0.5)).astype(float) if two_classes else _share(targets)
    miss = scores.apply(_share).sub(goal, axis=0).abs().mean(axis=1)
    table = first[[PREDICTION.row, PREDICTION.target]].assign(score=scores.mean(axis=1), miss=miss)
    table = table.sort_values(["miss", "row"], ascending=[False, True]).head(SHOWN)
    return _with_texts(table, pairing).assign(**pairing.labels)


def _share(values: "pd.Series[float]") -> "pd.Series[float]":
    """Average ranks as shares, from 0 for the lowest to 1 for the highest."""
    return (values.rank() - 1.0) / max(len(values) - 1, 1)


def _with_texts(table: pd.DataFrame, pairing: Pairing) -> pd.DataFrame:
    sources = (cell.texts for _, cell in pairing.finished if cell.texts is not None and cell.facts.get("shareable"))
    texts = next(sources, None)
    if texts is None:
        return table.assign(left="", right="")
    known = texts.set_index(TEXT_PAIR.row)
    sides = (TEXT_PAIR.left, TEXT_PAIR.right)
    return table.assign(**{side: [_short(known[side].get(row, "")) for row in table["row"]] for side in sides})


def _short(text: str) -> str:
    flat = " ".join(str(text).split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
