"""The precision asked for and the precision got: thresholds for a list, chosen from labels of it, and without them.

The lists are generated names (`dedupe`, as in `matching.py`) and the titles of the test split of `amazon_google`
(`link`, needs SEQTWIN_DATA). The labels of a sample are the truth, 20 samples are drawn. Without labels, the labelled
file is a second list of names, or the dev split. `python benchmarks/corpus_precision.py [ROWS]`
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from retrieval import product_config

from matching import generated, pair_quality, trained
from seqtwin.api import train
from seqtwin.errors import ConfigError
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.matching.clusters import Pairs
from seqtwin.matching.dedupe import ComparedRows, compare_rows
from seqtwin.matching.label_sample import LabelFile, draw_sample
from seqtwin.matching.label_shift import Reference
from seqtwin.matching.labelled_list import read_labelled_list
from seqtwin.matching.link import compare_lists
from seqtwin.matching.precision_estimate import Strata
from seqtwin.matching.threshold_choice import Choice, choose_by_labels, choose_unlabelled

ROWS, SAMPLES = 6_000, 20
NAME_TARGETS, TITLE_TARGETS, SIZES = (0.95, 0.9), (0.95, 0.9, 0.7, 0.5), (100, 200, 400)
HEAD = "asked  labels   chosen  precision got: mean, least  missed  recall got  estimate, interval (means)"


def label_file(scores: np.ndarray, same: np.ndarray, count: int, rng: np.random.Generator) -> LabelFile:
    """A sample of the pairs with their true labels."""
    sample = draw_sample(scores, count, rng)
    strata = len(sample.edges) - 1
    found = np.bincount(sample.stratum[same[sample.ranks]], minlength=strata)
    return LabelFile(Strata(sample.edges, np.bincount(sample.stratum, minlength=strata), found), [], 0)


def show_labelled(pairs: Pairs, same: np.ndarray, lowest: float, targets: Sequence[float]) -> list[Choice]:
    """The choices from labels. `lowest`: the threshold that a sampled pair reaches; recall is among these pairs."""
    reach, chosen = int((pairs.scores >= lowest).sum()), []
    for target in targets:
        for count in SIZES:
            rng, choices = np.random.default_rng(1), []
            for _ in range(SAMPLES):
                file = label_file(pairs.scores[:reach], same, count, rng)
                try:
                    choices.append(choose_by_labels(pairs.scores, file, target=target, limit=lowest, place=""))
                except ConfigError as error:
                    if error.code != "PRECISION_UNREACHED":
                        raise
            print(f"{target:5.2f}  {count:6d}  {len(choices):3d}/{SAMPLES}  {got(choices, same, reach, target)}")
            chosen += choices[:1] if count == 200 else []
    return chosen


def got(choices: Sequence[Choice], same: np.ndarray, reach: int, target: float) -> str:
    """The true precision and recall of some choices."""
    if not choices:
        return "no threshold reaches it"
    ends = [choice.estimate.pairs for choice in choices]
    precision = np.array([same[:end].mean() for end in ends])
    recall = np.mean([same[:end].sum() / same[:reach].sum() for end in ends])
    shares = [choice.estimate.precision for choice in choices]
    value, low, high = (np.mean([getattr(share, name) for share in shares]) for name in ("value", "low", "high"))
    true = f"{precision.mean():14.3f}, {precision.min():.3f}  {int((precision < target).sum()):12d}"
    return f"{true}  {recall:10.3f}  {value:.3f}, {low:.3f} to {high:.3f}"


def show_unlabelled(
    name: str, pairs: Pairs, same: np.ndarray, reference: Reference, targets: Sequence[float] = NAME_TARGETS
) -> None:
    """The choices without labels of the list. `name`: of the labelled file."""
    for target in targets:
        try:
            rng = np.random.default_rng(2)
            choice = choose_unlabelled(pairs.scores, reference, rng, target=target, limit=0.0, place="")
            print(f"{target:5.2f}  {name}: {got([choice], same, len(same), target)}")
        except ConfigError as error:
            print(f"{target:5.2f}  {name}: refused, {error.code}: {error.cause}")


def show_clusters(compared: ComparedRows, owner: np.ndarray, thresholds: Sequence[float]) -> None:
    """The precision of all pairs of rows in a cluster, which contain pairs that are linked through others only."""
    for threshold in thresholds:
        precision, recall, _ = pair_quality(compared.deduped(threshold).cluster, owner)
        print(f"clusters at threshold {threshold:.4f}: precision of pairs of rows {precision:.3f}, recall {recall:.3f}")


def names(folder: Path, rows: int) -> None:
    """Duplicates among generated names."""
    encoder = trained(folder)
    texts, owner = generated(rows, np.random.default_rng(21))
    compared = compare_rows(encoder, texts)
    pairs = compared.candidates
    same = owner[pairs.left] == owner[pairs.right]
    own = float(encoder.threshold or 0.0)
    at_own = same[pairs.scores >= own].mean()
    print(f"\n{rows} names, {len(pairs)} candidate pairs, {same.mean():.3f} of them the same")
    print(f"at the encoder's own threshold {own:.4f} the precision is {at_own:.3f}\n{HEAD}")
    chosen = show_labelled(pairs, same, own, NAME_TARGETS)
    show_clusters(compared, owner, [own, *(choice.estimate.threshold for choice in chosen)])
    for count in (rows, rows // 3):
        others, things = generated(count, np.random.default_rng(22))
        found = compare_rows(encoder, others).candidates
        reference = Reference(found.scores, things[found.left] == things[found.right])
        show_unlabelled(f"without labels, from a labelled list of {count} names", pairs, same, reference)
    reference = read_labelled_list(folder / "pairs.csv", 0.5).rows_reference(encoder, None)
    show_unlabelled("without labels, from labelled pairs", pairs, same, reference)


def titles(folder: Path) -> None:
    """The titles of one shop in those of the other. Pairs that no split labels as the same count as different."""
    data = Path(os.environ["SEQTWIN_DATA"]) / "amazon_google"
    encoder: TrainedEncoder = load(train(product_config("word"), folder / "titles").path / "encoder")
    splits = {name: pd.read_csv(data / f"{name}.csv") for name in ("train", "dev", "test")}
    labelled = pd.concat(splits.values())
    true = set(labelled.loc[labelled["label"] == 1, ["left", "right"]].itertuples(index=False, name=None))
    left, right = (list(dict.fromkeys(splits["test"][side])) for side in ("left", "right"))
    pairs = compare_lists(encoder, left, right).candidates
    same = np.array([(left[a], right[b]) in true for a, b in zip(pairs.left, pairs.right, strict=True)])
    own = float(encoder.threshold or 0.0)
    at_own = same[pairs.scores >= own].mean()
    print(f"\n{len(left)} titles in {len(right)}, {len(pairs)} candidate pairs, {same.mean():.3f} of them the same")
    print(f"at the encoder's own threshold {own:.4f} the precision is {at_own:.3f}\n{HEAD}")
    show_labelled(pairs, same, own, TITLE_TARGETS)
    curve = ", ".join(f"{same[:count].mean():.2f} of the best {count}" for count in (20, 50, 100, 200))
    print(f"the true precision: {curve}")
    reference = read_labelled_list(data / "dev.csv", 0.5).lists_reference(encoder, 1, 10)
    show_unlabelled("without labels, from the dev pairs", pairs, same, reference, TITLE_TARGETS)


def main() -> None:
    """Print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        names(Path(folder), rows)
        if "SEQTWIN_DATA" in os.environ:
            titles(Path(folder))
        else:
            print("amazon_google was left out: SEQTWIN_DATA is not set")


if __name__ == "__main__":
    main()
