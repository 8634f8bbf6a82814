"""Arrays and a Generator in, intervals and tests out. Two levels: seeds and clusters of test pairs.

Every replicate draws seeds and pair clusters with replacement, the same draw for all study cells, so that differences
of pairings are paired. A cluster drawn k times counts its pairs k times: metrics here take such counts as weights.
"""

from seqtwin.reporting.statistics.draws import (
    cluster_draws,
    left_out_groups,
    metric_replicates,
    over_seeds,
    replicates_of,
    seed_means,
)
from seqtwin.reporting.statistics.intervals import (
    MOST_DEGENERATE,
    SKEWED,
    Interval,
    bca_interval,
    chosen_interval,
    percentile_interval,
    simultaneous_reach,
    skewness,
    two_level_interval,
    wilson,
)
from seqtwin.reporting.statistics.selection import best_of_equals
from seqtwin.reporting.statistics.weighted import (
    BINARY,
    SHARES,
    WEIGHTED,
    Array,
    Weighted,
    weighted_average_precision,
    weighted_pearson,
    weighted_ranks,
    weighted_roc_auc,
    weighted_share,
    weighted_spearman,
)

__all__ = [
    "BINARY",
    "MOST_DEGENERATE",
    "SHARES",
    "SKEWED",
    "WEIGHTED",
    "Array",
    "Interval",
    "Weighted",
    "bca_interval",
    "best_of_equals",
    "chosen_interval",
    "cluster_draws",
    "left_out_groups",
    "metric_replicates",
    "over_seeds",
    "percentile_interval",
    "replicates_of",
    "seed_means",
    "simultaneous_reach",
    "skewness",
    "two_level_interval",
    "weighted_average_precision",
    "weighted_pearson",
    "weighted_ranks",
    "weighted_roc_auc",
    "weighted_share",
    "weighted_spearman",
    "wilson",
]
