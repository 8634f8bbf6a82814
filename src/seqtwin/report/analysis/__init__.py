"""The statistics of a study: what was judged and planned in, one dict of results out."""

from seqtwin.report.analysis.analyse import analyse
from seqtwin.report.analysis.judged import Judged, Replicates, Statistic, replicate

__all__ = ["Judged", "Replicates", "Statistic", "analyse", "replicate"]
