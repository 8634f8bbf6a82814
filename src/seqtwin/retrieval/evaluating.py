"""An encoder measured on labelled pairs it was not trained on."""

from collections.abc import Sequence
from pathlib import Path

from seqtwin.data.inspection import inspect_data
from seqtwin.data.readers import read_pairs
from seqtwin.errors import DataError
from seqtwin.metrics import measure
from seqtwin.retrieval.encoding import TrainedEncoder


def evaluate_pairs(
    encoder: TrainedEncoder, path: Path, *, scale: Sequence[float] | None = None
) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics of the pairs of a file, and the reasons of undefined ones; the threshold is the encoder's own.

    Raises: DataError for a file without pairs or with bad rows.
    """
    found = inspect_data(path, scale=scale)
    roles = found.roles
    if found.kind != "pairs":
        raise DataError("EVALUATE_KIND", f"expected pairs, found {found.kind}", place=str(path))
    cut = float(encoder.facts.get("cut", 0.5))
    data = read_pairs(
        {"test": path},
        left=roles["left"],
        right=roles["right"],
        score=roles.get("score"),
        label=roles.get("label"),
        scale=found.scale,
        cut=cut,
    )
    part = data.part("test")
    scores = encoder.score(part["left"].tolist(), part["right"].tolist())
    return measure(scores, part["target"].to_numpy(), cut, encoder.threshold, None)
