"""One row per pairing: what its seeds measured, the interval of their mean, the distance to the chosen pairing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.report import statistics
from seqtwin.report.cells import StudyCell
from seqtwin.report.statistics import Array

BINS = 30
STUCK = 0.95
_NAN = float("nan")
STATES = ("finished", "failed", "diverged", "collapsed", "oom")
_MEANS = (
    "seconds_train", "parameters", "dim", "train_pairs_per_second", "encode_texts_per_second",
    "threshold", "final_loss", "plateau", "epochs",
)  # fmt: skip


class Draws:
    """The draws of one study: seeds once, clusters once per distinct test part, so that all cells share them."""

    def __init__(self, replicates: int, seeds: int, rng: np.random.Generator) -> None:
        self._replicates, self._rng = replicates, rng
        self._clusters: dict[bytes, Array] = {}
        self.seed_counts = statistics.cluster_draws(max(seeds, 1), replicates, rng)

    def values(self, cell: StudyCell, primary: str) -> Array:
        """The primary test metric of a study cell under every draw of clusters."""
        assert cell.measured is not None
        test, cut = cell.measured.test, float(cell.measured.facts.get("cut", 0.5))
        cluster_of = np.unique(test["cluster"].to_numpy(), return_inverse=True)[1]
        key = test["row"].to_numpy().tobytes() + cluster_of.tobytes()
        if key not in self._clusters:
            self._clusters[key] = statistics.cluster_draws(int(cluster_of.max()) + 1, self._replicates, self._rng)
        targets = test["target"].to_numpy(dtype=float)
        goal = (targets >= cut).astype(float) if primary == "roc_auc" else targets
        metric, scores = statistics.WEIGHTED[primary], test["score"].to_numpy(dtype=float)
        return statistics.replicates_of(metric, scores, goal, cluster_of, self._clusters[key])


def pairing_rows(
    results: pd.DataFrame,
    keys: list[str],
    published: Sequence[StudyCell],
    *,
    planned: int,
    replicates: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The pairings frame; `published` stands in the order of `results`."""
    seeds = sorted(results["seed"].unique())
    draws = Draws(replicates, len(seeds), rng)
    rows, means = [], []
    for labels, part in results.groupby(keys, sort=False):
        row = _summary(_named(keys, labels), part, planned)
        means.append(_replicate_means(part, published, seeds, draws, row["primary"]))
        rows.append(row | _interval(means[-1], row["finished"]))
    frame = pd.DataFrame(rows)
    return _with_differences(frame, means) if len(frame) else frame


def _named(keys: list[str], labels: Any) -> dict[str, str]:
    return {key: str(label) for key, label in zip(keys, labels, strict=True)}


def _first(values: "pd.Series[Any]") -> str:
    known = [value for value in values.dropna() if value]
    return str(known[0]) if known else ""


def _mean(part: pd.DataFrame, column: str) -> float:
    return float(part[column].astype(float).mean()) if column in part and len(part) else _NAN


def _summary(labels: dict[str, str], part: pd.DataFrame, planned: int) -> dict[str, Any]:
    done, primary = part[part["status"] == "finished"], _first(part["primary"])
    counts = {state: int((part["status"] == state).sum()) for state in STATES}
    row: dict[str, Any] = {**labels, "dataset": _first(part["dataset"]), "primary": primary}
    row |= {"planned": max(planned, len(part)), **counts, "dev_mean": _mean(done, f"dev_{primary}")}
    known = f"test_{primary}" in done
    test = done[f"test_{primary}"].astype(float) if known else pd.Series(dtype=float)
    row |= {"mean": test.mean(), "sd": test.std(ddof=1), "min": test.min(), "max": test.max()}
    row |= {"untrained_mean": _mean(done, f"untrained_{primary}")}
    row |= {f"{name}_mean": _mean(done, str(name)) for name in part if str(name).startswith("retrieval_")}
    row |= {f"{name}_mean": _mean(done, name) for name in _MEANS}
    stuck = done["final_loss"].astype(float) > STUCK * done["plateau"].astype(float)
    return row | {"on_plateau": int(stuck.sum()), "batch_deviation": done["batch_deviation"].astype(float).max()}


def _replicate_means(
    part: pd.DataFrame, published: Sequence[StudyCell], seeds: list[int], draws: Draws, primary: str
) -> Array | None:
    done = part[part["status"] == "finished"]
    if primary not in statistics.WEIGHTED or not len(done):
        return None
    cells = [published[int(index)] for index in done.index]
    values = {seeds.index(cell.seed): draws.values(cell, primary) for cell in cells}
    return statistics.over_seeds(values, draws.seed_counts)


def _interval(replicates: Array | None, finished: int) -> dict[str, Any]:
    if replicates is None:
        reason = "no finished seed" if not finished else "not computed for this metric"
        return {"low": _NAN, "high": _NAN, "interval": f"refused: {reason}"}
    found = statistics.percentile_interval(replicates)
    kind = "seeds and pairs" if finished > 1 else "pairs only"
    return {"low": found.low, "high": found.high, "interval": f"refused: {found.refused}" if found.refused else kind}


def _with_differences(frame: pd.DataFrame, means: list[Array | None]) -> pd.DataFrame:
    """Mark the pairing with the highest dev mean of each data set; others get their paired difference to it."""
    known = frame[frame["dev_mean"].notna()]
    chosen = {str(name): int(part["dev_mean"].to_numpy().argmax()) for name, part in known.groupby("dataset")}
    places = {name: int(known.index[known["dataset"] == name][place]) for name, place in chosen.items()}
    rows = []
    for index, dataset in enumerate(frame["dataset"]):
        best = places.get(dataset)
        rows.append(_to_chosen(frame["mean"], means, index, best))
    joined: pd.DataFrame = pd.concat([frame, pd.DataFrame(rows, index=frame.index)], axis=1)
    return joined


def _to_chosen(values: "pd.Series[float]", means: list[Array | None], index: int, best: int | None) -> dict[str, float]:
    if best is None or index == best:
        return {"chosen": float(index == best), "difference": _NAN, **_difference(None, None)}
    return {"chosen": 0.0, "difference": values[index] - values[best], **_difference(means[index], means[best])}


def _difference(ours: Array | None, theirs: Array | None) -> dict[str, float]:
    if ours is None or theirs is None:
        return {"difference_low": _NAN, "difference_high": _NAN}
    found = statistics.percentile_interval(ours - theirs)
    return {"difference_low": found.low, "difference_high": found.high}


def score_histograms(results: pd.DataFrame, keys: list[str], published: Sequence[StudyCell]) -> pd.DataFrame:
    """Counts of same and different test pairs by score, per pairing, all finished seeds together."""
    parts = []
    for labels, part in results.groupby(keys, sort=False):
        cells = [published[int(index)] for index in part.index]
        tests = [(cell.measured.test, float(cell.measured.facts.get("cut", 0.5))) for cell in cells if cell.measured]
        if tests:
            parts.append(_histogram(tests).assign(**_named(keys, labels)))
    columns = [*keys, "low", "high", "same", "different"]
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return frame


def _histogram(tests: Sequence[tuple[pd.DataFrame, float]]) -> pd.DataFrame:
    scores = np.concatenate([test["score"].to_numpy(dtype=float) for test, _ in tests])
    same = np.concatenate([test["target"].to_numpy(dtype=float) >= cut for test, cut in tests])
    edges = np.histogram_bin_edges(scores, bins=BINS)
    counted = {"same": np.histogram(scores[same], edges)[0], "different": np.histogram(scores[~same], edges)[0]}
    frame: pd.DataFrame = pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counted})
    return frame
