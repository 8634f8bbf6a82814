"""SWITCHES: the possible causes of a bad study cell, each with the change of its config that would remove it.

To add one: a function from the question to its trials (none if it does not apply), and a line at the foot. They are
reported in this order; the step budget is the last resort.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean

import numpy as np

from seqtwin.explain.published_case import Case, same_pairing, settings
from seqtwin.json_values import Json
from seqtwin.lookup import split_spec
from seqtwin.metrics.longer_training import ON_PLATEAU
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.run.prepare import prepare
from seqtwin.training.losses import LOSSES, parts_of

DEVIATES = 1e-4
WIDTHS = (16, 64, 256)
ONE_TOKEN = frozenset({"last_output", "first_output"})


@dataclass(frozen=True)
class Question:
    """The input of a switch: the bad study cell, the better one it is compared with, and the others of its study.

    `asked_two`: whether the user named both study cells.
    """

    case: Case
    better: Case | None
    others: Sequence[Case]
    asked_two: bool


@dataclass(frozen=True)
class Trial:
    """One change to try, in words and by dotted key; `value`: its dev value if no training is needed."""

    words: str
    changes: Mapping[str, Json] = field(default_factory=dict)
    value: float | None = None


@dataclass(frozen=True)
class Switch:
    """A possible cause: its name, why it makes a study cell bad, and the changes to try."""

    name: str
    why: str
    trials: Callable[[Question], list[Trial]]


def _trial(**changes: Json) -> Trial:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return Trial(", ".join(f"{key}={_shown(value)}" for key, value in dotted.items()), dotted)


def _shown(value: Json) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _padding(q: Question) -> list[Trial]:
    return [_trial(encoder__padding="masked")] if q.case.config.encoder.padding == "read" else []


def _slicing(q: Question) -> list[Trial]:
    mixed = q.case.number("permutation_deviation") > DEVIATES
    return [_trial(representation="final_hidden")] if mixed else []


def _stitching(q: Question) -> list[Trial]:
    config = q.case.config
    wrong = config.encoder.bidirectional and split_spec(config.representation)[0] in ONE_TOKEN
    return [_trial(representation="final_hidden")] if wrong else []


def _margin(q: Question) -> list[Trial]:
    """Replace a margin given as a number by the median distance at the start; else try a third and three times it."""
    name, options = split_spec(q.case.config.loss)
    if not _has_options(name, "margin", "k"):
        return []
    if options.get("margin", "auto") != "auto":
        return [_trial(loss__margin="auto")]
    k = float(options.get("k", 1.0))
    return [_trial(loss__k=k * 0.3), _trial(loss__k=k * 3.0)]


def _has_options(loss: str, *names: str) -> bool:
    """Whether a loss has all these options of its own."""
    return loss in LOSSES and set(names) <= set(inspect.signature(LOSSES[loss]).parameters)


def _normalising(q: Question) -> list[Trial]:
    """Normalise the vectors. A margin above 1 is lowered to 1: on a unit sphere it is too large."""
    name, options = split_spec(q.case.config.loss)
    if _has_options(name, "distance", "margin") and options.get("distance") == "euclidean":
        margin = options.get("margin", "auto")
        lower = {"loss__margin": 1.0} if margin != "auto" and float(margin) > 1 else {}
        return [_trial(loss__distance="normalized_euclidean", similarity="cosine", **lower)]
    similarity = split_spec(q.case.config.similarity)[0]
    return (
        [_trial(similarity="cosine")] if similarity != "cosine" and not _has_options(name, "distance", "margin") else []
    )


def _saturation(q: Question) -> list[Trial]:
    name, options = split_spec(q.case.config.similarity)
    squashed = name in SIMILARITIES and SIMILARITIES[name].squashed
    hidden = q.case.config.encoder.hidden
    head = [_trial(similarity__tau="width")] if squashed and options.get("tau") != "width" else []
    widths = [_trial(encoder__hidden=width) for width in WIDTHS if width != hidden]
    return [*head, *(widths if squashed or q.case.number("saturated") > 0.3 else [])]


def _inverted(q: Question) -> list[Trial]:
    """Invert the scores. This needs no training."""
    auc = q.case.scores["dev"].get("roc_auc")
    if not (q.case.number("train_auc") < 0.45 or (auc is not None and auc < 0.45)):
        return []
    if q.case.primary == "roc_auc":
        return [Trial("scores inverted", value=1.0 - q.case.value)]
    return [Trial("scores inverted", value=-q.case.value)] if q.case.primary == "spearman" else []


def _cut(q: Question) -> list[Trial]:
    """Try the quartiles of the targets as the cut, for graded targets and a loss that needs two classes."""
    graded = q.case.facts is not None and q.case.facts.get("graded")
    losses = [LOSSES.get(split_spec(part)[0]) for part in parts_of(q.case.config.loss)]
    if not graded or all(loss is not None and not loss.needs_cut for loss in losses):
        return []
    target = prepare(q.case.config).stores["train"].target
    cuts = dict.fromkeys(float(x) for x in np.quantile(target, (0.25, 0.5, 0.75)))
    return [_trial(data__cut=cut) for cut in cuts if cut != q.case.config.data.cut and 0 < np.mean(target >= cut) < 1]


def _tuning(q: Question) -> list[Trial]:
    """Use the tuned training settings of the better study cell."""
    if q.better is None:
        return []
    keys = [key for key in {**q.case.tuned, **q.better.tuned} if key.startswith(("fit.", "encoder.dropout"))]
    there, here = (settings(case) for case in (q.better, q.case))
    changes = {key: there[key] for key in keys if there[key] != here[key]}
    return [Trial(", ".join(f"{k}={_shown(v)}" for k, v in changes.items()), changes)] if changes else []


def _seed(q: Question) -> list[Trial]:
    """The published other seeds of the pairing; without any, train two new ones."""
    published = [other.value for other in q.others if same_pairing(other, q.case)]
    if published:
        return [Trial(f"mean of the other seeds of the study ({len(published)})", value=mean(published))]
    seed = q.case.config.fit.seed
    return [_trial(fit__seed=seed + step) for step in (1, 2)]


def _differing(q: Question) -> list[Trial]:
    """Try each setting that differs between two named study cells, one at a time."""
    if not q.asked_two or q.better is None:
        return []
    return [Trial(f"{key}={_shown(value)}", {key: value}) for key, value in differences(q.case, q.better).items()]


def _budget(q: Question) -> list[Trial]:
    return [_trial(fit__epochs=ON_PLATEAU * q.case.config.fit.epochs, fit__patience=None)]


def differences(case: Case, better: Case) -> dict[str, Json]:
    """The settings in which two study cells differ, with the values of the better one."""
    here, there = settings(case), settings(better)
    return {key: there[key] for key in here if here[key] != there[key]}


SWITCHES: tuple[Switch, ...] = (
    Switch("padding", "the encoder treats padding as input", _padding),
    Switch("slicing of h_n", "a wrong view of h_n mixes the items of a batch", _slicing),
    Switch("bidirectional stitching", "one half of the vector depends on one token only", _stitching),
    Switch("margin scale", "the margin does not fit the initial distances of this representation", _margin),
    Switch("normalisation", "the norms of the vectors contain information that misleads the loss", _normalising),
    Switch("saturation", "the head or the states are saturated, so their gradient vanishes", _saturation),
    Switch("inverted label", "training pulls different pairs together", _inverted),
    Switch("graded-to-binary cut", "the cut labels the wrong pairs as same", _cut),
    Switch("unequal tuning", "the other study cell was tuned better", _tuning),
    Switch("single seed", "this seed was unlucky", _seed),
    Switch("differing setting", "the two study cells have different settings", _differing),
    Switch("step budget", "training stopped before the loss left its plateau", _budget),
)
