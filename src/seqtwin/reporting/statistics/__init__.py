"""Statistics: arrays and a generator in, intervals and tests out.

Intervals have two levels: every replicate resamples seeds and clusters of test rows. The draws are the same for all
study cells, which makes differences between pairings paired. A cluster drawn k times counts its rows k times, so the
metrics here take such counts as weights.

- `weighted`: metrics of rows with weights.
- `draws`: draws of seeds and clusters, and the metrics under them.
- `intervals`: percentile, BCa and simultaneous intervals from replicates.
- `scale`: the z scale for linear models of scores.
- `seed_blocks`: analysis of variance with seeds as blocks, and permutation tests.
- `assumptions`: tests of equal variances and of normal residuals.
- `paired`: paired tests over seeds, and corrections for several tests.
- `selection`: the optimism of choosing the best of several.
- `significance_letters`: tie groups as letters.
- `agreement`: rank agreement of two metrics.
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
