"""The statistics of a study: judged scores and a test plan in, one record of results out.

- `judged_scores`: the scores of all pairings and seeds on one data set, and their metric under bootstrap draws.
- `facets`: the pairings of a data set that share all further factors, and their complete grid.
- `omnibus`: tests of representation, loss and interaction within a facet.
- `best_pairing`: the best pairing of a facet, its optimism, and the pairings that tie with it.
- `planned_comparisons`: the planned comparisons, corrected by Holm.
- `rank_agreement`: agreement of the primary metric with retrieval metrics.
- `records`: the records of the results.
- `analyse`: all of this in one record.
"""

from seqtwin.reporting.analysis.analyse import analyse
from seqtwin.reporting.analysis.judged_scores import Judged, Replicates, Statistic, replicate

__all__ = ["Judged", "Replicates", "Statistic", "analyse", "replicate"]
