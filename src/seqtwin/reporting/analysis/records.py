"""The records of `analysis.json`. A number is None where it is undefined."""

from typing import TypeAlias

from typing_extensions import TypedDict

from seqtwin.comparisons import Comparison

Number: TypeAlias = float | None


class MainLabels(TypedDict):
    """The labels of a pairing within its facet."""

    representation: str
    loss: str


class Difference(TypedDict):
    """A difference of two pairings with its 95 % interval."""

    difference: Number
    low: Number
    high: Number


class RopeShares(TypedDict):
    """Shares of the replicates in which left is better, both are practically equal, and right is better."""

    p_left: Number
    p_rope: Number
    p_right: Number


class Term(TypedDict, total=False):
    """One line of the analysis of variance; `eta2`: partial eta squared."""

    term: str
    df: int
    df_error: int
    f: Number
    p: Number
    eta2: Number
    eta2_low: Number
    eta2_high: Number


class Omnibus(TypedDict, total=False):
    """The tests of representation, loss and interaction. `refused`: why there are none; `why`: why permutation."""

    method: str
    refused: str
    why: str
    levene_p: Number
    normality_p: Number
    terms: list[Term]


class VarianceShare(TypedDict):
    """The share of one source in the total sum of squares."""

    source: str
    share: Number


class Contrast(MainLabels):
    """An interaction contrast on the z scale; `clear`: its simultaneous interval excludes 0."""

    contrast: Number
    low: Number
    high: Number
    clear: bool


class Tie(MainLabels):
    """The tie letters of a pairing."""

    letters: str


class Optimism(TypedDict, total=False):
    """How much the best of several overestimates its score, with its 95 % interval."""

    optimism: Number
    optimism_low: Number
    optimism_high: Number


class Best(Optimism, total=False):
    """The pairing chosen on dev; empty where no pairing has a value there."""

    representation: str
    loss: str
    dev: Number
    test: Number
    low: Number
    high: Number
    p_best: Number


class VersusBest(MainLabels, Difference, RopeShares):
    """Best minus another pairing. `p_better`: the share of seeds in which the best is better, with Wilson's interval;
    `apart`: whether the two differ significantly."""

    p_better: Number
    p_better_low: Number
    p_better_high: Number
    apart: bool


class Expected(MainLabels):
    """The expected best dev value of `k` tuning trials."""

    k: list[int]
    value: list[float]


class Exploratory(TypedDict):
    """A comparison that was not planned; `q`: p corrected for false discoveries."""

    left: MainLabels
    right: MainLabels
    difference: Number
    p: Number
    q: Number
    found: bool


class FacetAnalysis(TypedDict, total=False):
    """Everything computed for one heat map."""

    labels: dict[str, str]
    dataset: str
    metric: str
    omnibus: Omnibus
    variance: list[VarianceShare]
    interaction: list[Contrast]
    ties: list[Tie]
    best: Best
    versus_best: list[VersusBest]
    expected: list[Expected]
    exploratory: list[Exploratory]


class Part(Difference):
    """The difference of one pair of pairings in a planned comparison, by the labels that both share."""

    labels: dict[str, str]


class Tested(Difference, RopeShares):
    """The numbers of a planned comparison; `refused`: why there are none."""

    matched: int
    seeds: int
    p_better: Number
    t: Number
    p_t: Number
    p_flip: Number
    p_holm: Number
    claim: str
    refused: str
    per: list[Part]


class Planned(Comparison, Tested):
    """A planned comparison on one data set. `claim`: the better side, empty where neither is."""

    dataset: str


class Agreement(TypedDict):
    """Rank agreement of the primary metric with a retrieval metric; `low`, `high`: the interval of Kendall's tau-b."""

    dataset: str
    metric: str
    retrieval: str
    pairings: int
    kendall: Number
    spearman: Number
    low: Number
    high: Number
    note: str


class Validity(TypedDict):
    """Number of replicates, share of undefined values under them, and number of intervals that needed BCa."""

    replicates: int
    undefined_share: float
    skewed: int


class Analysis(TypedDict, total=False):
    """All statistics of a study."""

    facets: list[FacetAnalysis]
    planned: list[Planned]
    agreement: list[Agreement]
    validity: Validity
