"""RULES: for each diagnostic of a study cell, when it fires, what it means and what to do about it.

Unknown values are nan, and no rule fires on nan. To add a rule: an entry in the table; `diagnose` and the page use all
entries. Codes D1-D18 are diagnostics of a training. E1-E3 are invariants of every encoder. X1 and X2 recognise two
mistakes by several values. R13 is the refusal with the same code.
"""

from math import nan

from seqtwin.metrics.longer_training import in_words
from seqtwin.reporting.findings.base_rule import (
    DEVIATES,
    Rule,
    after_few_epochs,
    all_or_none,
    gradient_missing,
    length_shortcut,
    miscalibrated,
    numbers,
    ranking_improved,
    still_rising,
    upside_down,
    worse_with_pads,
)

__all__ = ["DEVIATES", "RULES", "Rule"]

_LIST = (
    Rule(
        "D1",
        "loss at the level of guessing (its plateau)",
        (("final training loss / no-information plateau", "plateau_ratio"),),
        lambda v: v["plateau_ratio"] > 0.95,
        "Nothing was learned: one constant score for every pair would have the same loss as this encoder.",
        "See the other findings for the reason. If there are none, train longer or change the learning rate.",
        meaning=ranking_improved,
    ),
    Rule(
        "D2",
        "margin does not fit the scale",
        (
            ("share of different pairs beyond the margin at the start", "beyond_margin_start"),
            ("at the end", "beyond_margin_end"),
        ),
        lambda v: all_or_none(v["beyond_margin_start"]),
        "The margin does not fit the scale of this representation. At the first step all different pairs were beyond "
        "it, or none: the loss pushed none of them apart, or all of them equally.",
        "Use margin: auto, which sets it to the median distance of different pairs at the start.",
    ),
    Rule(
        "D3",
        "margin unreachable",
        (("margin / the distance that many groups can keep from each other", "margin_reach"),),
        lambda v: v["margin_reach"] > 1,
        "The margin is unreachable: this many groups cannot all be that far apart in this space. The loss inflates the "
        "vectors instead of ordering them.",
        "Use margin: auto, a number well below the largest distance, or a normalised distance.",
    ),
    Rule(
        "D4",
        "similarity head saturated",
        (("median score at the start", "head_median_start"),),
        lambda v: v["head_median_start"] < 1e-4,
        "The similarity head is saturated at this width: exp(-distance) starts so close to 0 that its gradient, which "
        "is proportional to it, cannot pull same pairs together.",
        "Use tau: width in the similarity, a smaller encoder, or cosine.",
    ),
    Rule(
        "D5",
        "length in the vector's norm",
        (("correlation of norm and length", "norm_length_correlation"), ("spread of the norms", "norm_spread")),
        lambda v: abs(v["norm_length_correlation"]) > 0.5,
        "Length leaks into the embedding: longer sequences have longer (or shorter) vectors, whatever their content.",
        "Expected of final_cell. Normalise the vectors, or use a representation of bounded states.",
    ),
    Rule(
        "D6",
        "tanh saturation",
        (("share of coordinates beyond .99", "saturated"),),
        lambda v: v["saturated"] > 0.3,
        "Many coordinates are at the ends of tanh, where the gradient vanishes.",
        "Lower the learning rate or the margin, or normalise the vectors.",
    ),
    Rule(
        "D7",
        "dimensional collapse",
        (("effective rank / width", "effective_rank_share"), ("share of the first direction", "top_singular_share")),
        lambda v: v["effective_rank_share"] < 0.02 or v["top_singular_share"] > 0.9,
        "Dimensional collapse: the vectors use little more than one direction of their space.",
        "Use more (and harder) different pairs, a smaller learning rate, or a loss that spreads the vectors.",
    ),
    Rule(
        "D8",
        "one shared direction",
        (("mean cosine of unrelated items", "random_cosine"), ("at the start", "random_cosine_start")),
        lambda v: v["random_cosine"] > 0.8,
        "Unrelated items have similar vectors, so all cosines are in a narrow range. Their order is informative, their "
        "size is not.",
        "Centre the vectors, and judge by rank metrics only.",
    ),
    Rule(
        "D9",
        "complete collapse",
        (("alignment", "alignment"), ("uniformity", "uniformity")),
        lambda v: v["alignment"] < 1e-3 and v["uniformity"] > -1e-2,
        "Complete collapse: every item has the same vector.",
        "The loss pulls pairs together and nothing pushes them apart. Check that it gets different pairs and that the "
        "margin is above their distance.",
    ),
    Rule(
        "D10",
        "label convention inverted",
        (
            ("ROC-AUC on training pairs", "train_auc"),
            ("on dev pairs", "dev_roc_auc"),
            ("of a linear probe on dev", "probe_metric"),
        ),
        upside_down,
        "Different pairs score higher than same pairs: the labels are inverted, or the loss interprets them so.",
        "Here 1 means same, but many data sets and programs use 0. Invert the labels of the training pairs.",
    ),
    Rule(
        "D11",
        "part of the sequence without gradient",
        (
            ("largest third / smallest third", "gradient_ratio"),
            ("first third", "gradient_first"),
            ("middle", "gradient_middle"),
            ("last", "gradient_last"),
        ),
        gradient_missing,
        "One part of the sequence, usually the beginning, gets almost no gradient, so nothing is learned from it.",
        "Use a representation of all steps (mean, max or attention), or both directions.",
    ),
    Rule(
        "D12",
        "position bias",
        (
            ("share of the drop when the first third is deleted", "third_first"),
            ("middle", "third_middle"),
            ("last", "third_last"),
        ),
        lambda v: max(numbers(v, "third_first", "third_middle", "third_last"), default=nan) > 0.8,
        "The score depends on one third of the sequence. That is right if the evidence is there, and a bias if it is "
        "not.",
        "Compare with a representation of all steps.",
    ),
    Rule(
        "D13",
        "calibration, not ranking",
        (("rank metric minus Pearson", "rank_minus_pearson"), ("gain of an isotonic map", "isotonic_gain")),
        miscalibrated,
        "Calibration is off, not ranking: the pairs are in the right order, but their scores are on another scale.",
        "Judge by rank metrics, or calibrate the scores with a curve fitted on validation data.",
    ),
    Rule(
        "D14",
        "quality changes with padding",
        (("slope over pad-share quartiles, low end", "pad_slope_low"), ("high end", "pad_slope_high")),
        worse_with_pads,
        "Padding changes the vectors: pairs with more padding are judged better or worse than others.",
        "Use padding: masked.",
    ),
    Rule(
        "D15",
        "information present, head does not use it",
        (("linear probe on the frozen vectors", "probe_metric"), ("similarity the encoder was trained with", "native_metric")),  # noqa: E501
        lambda v: v["probe_metric"] - v["native_metric"] > 0.1,
        "The vectors contain the information, but the similarity does not use it: a linear probe on the same frozen "
        "vectors scores clearly better than the similarity in the loss.",
        "The loss or the similarity is at fault, not the representation. Try another similarity, another margin, or a "
        "trained head.",
    ),
    Rule(
        "D16",
        "some seeds never get better than guessing (the plateau)",
        (("share of seeds on the plateau", "stuck_share"),),
        lambda v: v["stuck_share"] > 0,
        "Some seeds stay on the plateau. A mean over them and the others describes neither and is withheld (R06).",
        "Train all seeds longer, or report the share of seeds that leave the plateau.",
    ),
    Rule(
        "D17",
        "not trained yet",
        (
            ("share of the step budget spent on the plateau", "left_plateau_share"),
            ("1 = never left it", "stuck"),
        ),
        lambda v: v["stuck"] == 1 or v["left_plateau_share"] > 0.8,
        "Not trained yet: the loss left its plateau late or never, so the score measures the step budget.",
        f"Train every study cell longer by the same factor ({in_words(stuck=True)} the steps), or withhold the "
        "comparison.",
    ),
    Rule(
        "D18",
        "still rising",
        (
            ("gain on dev in the last quarter of the epochs", "dev_rise"),
            ("at least", "dev_rise_low"),
        ),
        still_rising,
        "Not enough steps: the metric on dev was still rising when training ended, so the score also measures how fast "
        "this pairing learns.",
        f"Train every pairing {in_words(stuck=False)} as long (fit.epochs). Until then no comparison of losses uses "
        "this one (R15).",
        instead=after_few_epochs,
    ),
    Rule(
        "E1",
        "rows of a batch are mixed",
        (("largest change when the rows of a batch are permuted", "permutation_deviation"),),
        lambda v: v["permutation_deviation"] > DEVIATES,
        "A vector depends on the order of its batch: states of different items were mixed. The usual cause is a wrong "
        "view of h_n, whose shape is (layers * directions, batch, hidden), not batch first.",
        "Concatenate the states of both directions: cat(h_n[-2], h_n[-1]), never h_n.view(batch, -1).",
    ),
    Rule(
        "E2",
        "a vector depends on the rest of its batch",
        (("largest difference between a vector encoded alone and in a batch", "batch_deviation"),),
        lambda v: v["batch_deviation"] > DEVIATES
        and not v["permutation_deviation"] > DEVIATES
        and not v["padding_deviation"] > DEVIATES,
        "The same item has different vectors alone and in a batch.",
        "Use padding: masked, and no layer that mixes the rows of a batch.",
    ),
    Rule(
        "E3",
        "padding is not masked",
        (("largest change when pad steps are added", "padding_deviation"),),
        lambda v: v["padding_deviation"] > DEVIATES and not v["permutation_deviation"] > DEVIATES,
        "Padding is not masked: a vector changes with the length of the longest item in its batch.",
        "Use padding: masked. Every representation then uses the real steps only.",
    ),
    Rule(
        "X1",
        "half of the vector depends on one token",
        (("gain of final_hidden from the same trained states", "final_hidden_gain"),),
        lambda v: v["one_token_half"] == 1 and v["final_hidden_gain"] > 0.05,
        "The wrong slice of a bidirectional encoder: at the last step the backward half depends on one token only (at "
        "the first step, the forward half). The final states of both directions score better.",
        "Use final_hidden, which concatenates the final state of each direction.",
    ),
    Rule(
        "X2",
        "length as a shortcut",
        (
            ("ROC-AUC of similar length on training pairs", "length_auc"),
            ("correlation of score and similar length", "score_length_correlation"),
            ("ROC-AUC on dev", "dev_roc_auc"),
            ("on test", "test_roc_auc"),
            ("correlation of norm and length", "norm_length_correlation"),
        ),
        length_shortcut,
        "Length leaks: lengths alone separate same from different training pairs, and the scores follow them. The "
        "vectors contain little else, or the scores fail on test pairs, where length does not help.",
        "Balance the lengths of same and different training pairs, or use a representation of bounded states.",
    ),
    Rule(
        "R13",
        "training and test share items",
        (("share of test pairs with an item that also occurs in training", "leakage_share"),),
        lambda v: v["leakage_share"] > 0,
        "Items of the test pairs also occur in training pairs, so the test also measures memory.",
        "Split by connected components of the pair graph, or give the reason why the overlap is acceptable "
        "(allow_leakage).",
    ),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.code: rule for rule in _LIST}
