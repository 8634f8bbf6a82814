"""RULES: what each diagnostic of a study cell means, when it fires, and what to do about it.

A value that is not known is nan, which no rule fires on. To add a rule: a line in `RULES`; `diagnose` and the page read
the table. Codes D1-D17 are the diagnostics of a training; E1-E3 the invariants every encoder keeps; X1 and X2 name two
mistakes by the traces they leave in several values; R13 is the refusal of the same code.
"""

from math import nan

from seqtwin.reporting.findings.rule import (
    DEVIATES,
    Rule,
    all_or_none,
    gradient_missing,
    length_shortcut,
    numbers,
    upside_down,
    worse_with_pads,
)

__all__ = ["DEVIATES", "RULES", "Rule"]

_LIST = (
    Rule(
        "D1",
        "loss on its plateau",
        (("final training loss / no-information plateau", "plateau_ratio"),),
        lambda v: v["plateau_ratio"] > 0.95,
        "No information was learnt: giving every pair the same score would cost no more than this encoder does.",
        "Look at the other findings for the reason; with none of them, train longer or change the learning rate.",
    ),
    Rule(
        "D2",
        "margin does not fit the scale",
        (
            ("share of different pairs beyond the margin at the start", "beyond_margin_start"),
            ("at the end", "beyond_margin_end"),
        ),
        lambda v: all_or_none(v["beyond_margin_start"]),
        "The margin does not fit the scale of this representation: at the first step all different pairs, or none of "
        "them, lay beyond it, so that pushing apart was silent, or acted on everything alike.",
        "Use margin: auto, which sets it to the median distance of different pairs at the start.",
    ),
    Rule(
        "D3",
        "margin unreachable",
        (("margin / the distance that many groups can keep", "margin_reach"),),
        lambda v: v["margin_reach"] > 1,
        "The margin is unreachable: so many different things cannot all be that far apart in this space, and the loss "
        "keeps inflating the vectors instead of ordering them.",
        "Use margin: auto, or a number well below the largest distance, or a normalised distance.",
    ),
    Rule(
        "D4",
        "similarity head saturated",
        (("median score at the start", "head_median_start"),),
        lambda v: v["head_median_start"] < 1e-4,
        "The similarity head is saturated at this width: exp(-distance) starts so near 0 that its gradient, which is "
        "proportional to it, cannot pull equal pairs together.",
        "Use tau: width in the similarity, or a smaller encoder, or cosine.",
    ),
    Rule(
        "D5",
        "length in the vector's norm",
        (("correlation of norm and length", "norm_length_correlation"), ("spread of the norms", "norm_spread")),
        lambda v: abs(v["norm_length_correlation"]) > 0.5,
        "Length leaks into the embedding: longer sequences have longer (or shorter) vectors whatever they say.",
        "Expected of final_cell; normalise the vectors, or read bounded states.",
    ),
    Rule(
        "D6",
        "tanh saturation",
        (("share of coordinates beyond .99", "saturated"),),
        lambda v: v["saturated"] > 0.3,
        "Many coordinates sit at the ends of tanh, where nothing moves them any more.",
        "Lower the learning rate or the margin, or normalise the vectors.",
    ),
    Rule(
        "D7",
        "dimensional collapse",
        (("effective rank / width", "effective_rank_share"), ("share of the first direction", "top_singular_share")),
        lambda v: v["effective_rank_share"] < 0.02 or v["top_singular_share"] > 0.9,
        "Dimensional collapse: the vectors use hardly more than one direction of the space they have.",
        "More (and harder) different pairs, a smaller learning rate, or a loss that spreads vectors out.",
    ),
    Rule(
        "D8",
        "one shared direction",
        (("mean cosine of unrelated items", "random_cosine"), ("at the start", "random_cosine_start")),
        lambda v: v["random_cosine"] > 0.8,
        "Unrelated items point the same way, so cosines lie in a narrow band: their order still means something, their "
        "size does not.",
        "Centre the vectors, and read rank metrics only.",
    ),
    Rule(
        "D9",
        "complete collapse",
        (("alignment", "alignment"), ("uniformity", "uniformity")),
        lambda v: v["alignment"] < 1e-3 and v["uniformity"] > -1e-2,
        "Complete collapse: every item has the same vector.",
        "The loss pulls together and nothing pushes apart: check that different pairs reach it and that the margin is "
        "above their distance.",
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
        "Different pairs score higher than equal ones: the labels, or the loss's idea of them, are upside down.",
        "Half of public code says 0 = same. Here 1 = same: turn the labels of the training pairs round.",
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
        "One part of the sequence gets hardly any gradient (the early part, usually: recency), so nothing is learnt "
        "from what stands there.",
        "Read all steps (mean, max or attention), or both directions.",
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
        "The score rests on one third of the sequence. That is right where the evidence stands there, and a bias where "
        "it does not.",
        "Compare with a representation that reads all steps.",
    ),
    Rule(
        "D13",
        "calibration, not ranking",
        (("rank metric minus Pearson", "rank_minus_pearson"), ("gain of an isotonic map", "isotonic_gain")),
        lambda v: v["rank_minus_pearson"] > 0.1 or v["isotonic_gain"] > 0.1,
        "Calibration, not ranking, is the gap: the pairs are in order, their scores are on another scale.",
        "Judge by rank metrics, or map the scores with a curve fitted on dev.",
    ),
    Rule(
        "D14",
        "quality changes with padding",
        (("slope over pad-share quartiles, low end", "pad_slope_low"), ("high end", "pad_slope_high")),
        worse_with_pads,
        "Pads change the vectors, and pairs with more of them are judged better or worse than those with fewer.",
        "Use padding: masked.",
    ),
    Rule(
        "D15",
        "information there, head cannot read it",
        (("linear probe on the frozen vectors", "probe_metric"), ("similarity the encoder was trained with", "native_metric")),  # noqa: E501
        lambda v: v["probe_metric"] - v["native_metric"] > 0.1,
        "The information is there, the similarity head cannot read it: a linear map on the same frozen vectors does "
        "clearly better than the similarity the loss trained.",
        "Blame loss or similarity, not the representation: another similarity, another margin, or a trained head.",
    ),
    Rule(
        "D16",
        "some seeds never start",
        (("share of seeds on the plateau", "stuck_share"),),
        lambda v: v["stuck_share"] > 0,
        "Some seeds stay on the plateau: their mean with the others describes neither, and is withheld (R06).",
        "Train all longer, or report the share of seeds that start.",
    ),
    Rule(
        "D17",
        "not trained yet",
        (
            ("share of the step budget spent on the plateau", "left_plateau_share"),
            ("1 = never left it", "stuck"),
        ),
        lambda v: v["stuck"] == 1 or v["left_plateau_share"] > 0.8,
        "Not trained yet: the loss left its plateau late or never, so it shows its step budget, not its worth.",
        "Extend every cell equally (five times the steps), or withhold the comparison.",
    ),
    Rule(
        "E1",
        "rows of a batch are mixed",
        (("largest change when the rows of a batch are permuted", "permutation_deviation"),),
        lambda v: v["permutation_deviation"] > DEVIATES,
        "A vector depends on the order of its batch: states of different items were mixed. The usual cause is a wrong "
        "view of h_n, which is (layers * directions, batch, hidden) and not batch first.",
        "Take the states by direction and join them: cat(h_n[-2], h_n[-1]), never h_n.view(batch, -1).",
    ),
    Rule(
        "E2",
        "a vector depends on its batch-mates",
        (("largest difference of a vector alone and in a batch", "batch_deviation"),),
        lambda v: v["batch_deviation"] > DEVIATES
        and not v["permutation_deviation"] > DEVIATES
        and not v["padding_deviation"] > DEVIATES,
        "The same item has another vector alone than in a batch.",
        "Use padding: masked, and no layer that looks across the rows of a batch.",
    ),
    Rule(
        "E3",
        "padding is read",
        (("largest change when pad steps are added", "padding_deviation"),),
        lambda v: v["padding_deviation"] > DEVIATES and not v["permutation_deviation"] > DEVIATES,
        "Padding is read: a vector changes with the length of the longest item in its batch.",
        "Use padding: masked, so that every representation is taken over the real steps only.",
    ),
    Rule(
        "X1",
        "half of the vector has read one token",
        (("gain of final_hidden from the same trained states", "final_hidden_gain"),),
        lambda v: v["one_token_half"] == 1 and v["final_hidden_gain"] > 0.05,
        "The wrong slice of a bidirectional encoder: at the last step the backward half has read one token only (at "
        "the first step the forward half has). The end states of both directions, read from it, do better.",
        "Use final_hidden, which joins the end of each direction.",
    ),
    Rule(
        "X2",
        "a shortcut by length",
        (
            ("ROC-AUC of equal length on training pairs", "length_auc"),
            ("correlation of score and equal length", "score_length_correlation"),
            ("ROC-AUC on dev", "dev_roc_auc"),
            ("on test", "test_roc_auc"),
            ("correlation of norm and length", "norm_length_correlation"),
        ),
        length_shortcut,
        "Length leaks: lengths alone tell the training pairs apart, the scores follow them, and the vectors hold "
        "little else, or fail on test pairs, where length does not help.",
        "Balance the lengths of equal and different training pairs; read bounded states.",
    ),
    Rule(
        "R13",
        "training and test share items",
        (("share of test pairs with an item of the training pairs", "leakage_share"),),
        lambda v: v["leakage_share"] > 0,
        "Items of the test pairs stand in the training pairs: the test measures memory, too.",
        "Split by connected components of the pair graph, or say why the overlap is accepted (allow_leakage).",
    ),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.code: rule for rule in _LIST}
