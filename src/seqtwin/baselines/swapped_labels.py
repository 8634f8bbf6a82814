"""A warning about labels of pairs that are probably swapped: the different pairs are those with similar spelling."""

import numpy as np

from seqtwin.baselines.pairs import char_overlap
from seqtwin.data.pairs import PairData
from seqtwin.metrics.pairs import roc_auc

MOST_PAIRS = 1_000
FEWEST_OF_BOTH = 15
LIMIT = 0.35  # six data sets of texts have .61 to .85, also names in several scripts


def swapped_labels_sentence(data: PairData) -> str:
    """A warning if different training pairs share more letters than same ones; empty otherwise, and for series.

    The ROC-AUC of the character overlap is measured on at most 1,000 training pairs, and is suspicious below .35.
    """
    train = data.part("train")
    train = train.iloc[:: -(-len(train) // MOST_PAIRS) or 1]
    same = train["target"].to_numpy() >= data.cut
    if data.series is not None or min(same.sum(), (~same).sum()) < FEWEST_OF_BOTH:
        return ""
    value = roc_auc(char_overlap(data, train), same.astype(np.int64))
    if value >= LIMIT:
        return ""
    return (
        f"Different train pairs share more letters than same ones (character overlap has ROC-AUC {value:.2f}). "
        "If a high value means different in this file, swap labels with --labels, for example 1=0,0=1, and subtract "
        "scores from the highest one."
    )
