"""The statistics of a study: what was judged and planned in, one dict of results out."""

from seqtwin.reporting.analysis.analyse import analyse
from seqtwin.reporting.analysis.judged import Judged, Replicates, Statistic, replicate

__all__ = ["Judged", "Replicates", "Statistic", "analyse", "replicate"]
