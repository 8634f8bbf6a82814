"""The model card saved with an encoder, with or without a head, and the confidence interval printed in it."""

from collections.abc import Callable

import numpy as np

from seqtwin.metrics import few_classes_sentence, few_pairs_sentence, lower_is_better
from seqtwin.published import Facts, Scores

DRAWS = 300
FEWEST = 20  # clusters; an interval of fewer says little and looks like more
TEXTS = """It knows no languages, fields or aliases but those of its training pairs. What it never met in training is
read as one unknown token: {unknown:.2%} of the tokens in test. Of a text at most {longest} tokens are read.
"""
SERIES = """Series must have the channels, units and sampling of its training data; nothing is rescaled.
"""
USES = {
    "classify": ("says which of {classes} classes a sequence is", "label, probability"),
    "label_steps": ("says which of {classes} classes every step of a sequence is", "one label a step"),
    "decode": ("writes a text out of the one vector of a sequence", "the text"),
}

Value = Callable[[np.ndarray], float | None]


def interval_of(value: Value, clusters: np.ndarray) -> tuple[float, float] | None:
    """Where 95 % of the values lie when clusters of test pairs are drawn anew, with replacement (percentiles).

    `value(rows)`: the metric of these pairs, None where it has none. None with fewer than 20 clusters, or where more
    than one draw in twenty has no value.

    >>> interval_of(lambda rows: float(len(rows)), np.arange(40))
    (40.0, 40.0)
    """
    names, of = np.unique(clusters, return_inverse=True)
    if len(names) < FEWEST:
        return None
    rng = np.random.default_rng(0)
    members = np.split(np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))[:-1])
    drawn = (np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))]) for _ in range(DRAWS))
    found = [one for one in map(value, drawn) if one is not None]
    if len(found) < 0.95 * DRAWS:
        return None
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def model_card(facts: Facts, scores: Scores, interval: tuple[float, float] | None = None) -> str:
    """Markdown: what the encoder is and is for, how to load it, what it was measured by, its limits.

    `interval`: of the primary metric on test.
    """
    pairs, series = facts["pairs"], facts["tokens"] is None
    what, one = ("series of numbers", "a series") if series else ("short texts", "a text")
    rows = "\n".join(_row(name, value, scores["primary"], interval) for name, value in scores["test"].items())
    return f"""# SeqTwin encoder: {facts["representation"]} trained with {facts["loss"]["name"]} on {facts["dataset"]}

Turns {one} into a vector of width {facts["dim"]}; two vectors are compared by `{facts["similarity"]}`.
{facts["parameters"]:,} parameters.

## How to load

```python
import seqtwin
encoder = seqtwin.load("encoder")        # this folder
vectors = encoder.encode([...])          # float32 [n, {facts["dim"]}]
scores = encoder.score(left, right)      # higher = more similar
```

`seqtwin verify encoder` tells whether the folder is still what was saved.

## What it is for

Finding and matching {what} like those of `{facts["dataset"]}`: search, linking of lists, finding duplicates.
{_threshold(scores["threshold"])}
Where a wrong match costs something, a person should look at it.

## What it was measured by

Trained on {pairs["train"]:,} pairs, best epoch {facts["best_epoch"]} chosen on {pairs["dev"]:,} dev pairs.

| metric, {pairs["test"]:,} test pairs | value | 95 % interval |
| --- | --- | --- |
{rows}
{_few(facts)}
{_interval_words(scores["primary"], interval)}
One training with one seed: another seed moves these numbers, and other data moves them more. Intervals that hold the
seeds too come from a comparison (`seqtwin compare`).

## Limits

{_limits(facts)}
The threshold and the numbers hold for pairs drawn as those of `{facts["dataset"]}` were; among all pairs of
two long lists almost all are different, and a threshold that is right here finds too many there.

## Where it comes from

Loss: {facts["loss"]["formula"]}

Data {facts["data_hash"][:16]}, split {facts["split_hash"][:16]}.
"""


def head_card(facts: Facts, scores: Scores, interval: tuple[float, float] | None) -> str:
    """Markdown: what it says of a sequence, how to load it, what it was measured by, its limits."""
    says, answer = USES[facts["objective"]]
    counts = facts["pairs"]
    rows = "\n".join(_row(name, value, scores["primary"], interval) for name, value in scores["test"].items())
    drawn = "draws test sequences anew" if interval else "is missing: too few test sequences"
    return f"""# SeqTwin encoder: {facts["representation"]}, {facts["objective"]} on {facts["dataset"]}

Turns a sequence into a vector of width {facts["dim"]}, and {says.format(classes=len(facts["classes"]))}.
{facts["parameters"]:,} parameters in the encoder.

## How to load

```python
import seqtwin
encoder = seqtwin.load("encoder")        # this folder
encoder.predict([...])                   # {answer}
encoder.encode([...])                    # float32 [n, {facts["dim"]}]
```

`seqtwin predict` does the same for files; `seqtwin verify encoder` tells whether the folder is still what was saved.

## What it was measured by

Trained on {counts["train"]:,} sequences, best epoch {facts["best_epoch"]} chosen on {counts["dev"]:,} of dev.

| metric, {counts["test"]:,} test sequences | value | 95 % interval |
| --- | --- | --- |
{rows}
{_few_classes(facts)}
The interval of {scores["primary"]} {drawn}. One training with one seed: another seed moves these numbers, and other
data moves them more. Intervals that hold the seeds too come from a comparison (`seqtwin compare`).

## Limits

It knows nothing but its training data: what it never met there it reads as unknown ({facts["unknown_share"]:.2%} of the
tokens in test), and it always gives an answer, also to what is none of its business.

## Where it comes from

Loss: {facts["loss"]["formula"]}

Data {facts["data_hash"][:16]}, split {facts["split_hash"][:16]}.
"""


def _row(name: str, value: float, primary: str, interval: tuple[float, float] | None) -> str:
    known = f"{interval[0]:.4f} to {interval[1]:.4f}" if interval and name == primary else ""
    lower = " (lower is better)" if lower_is_better(name) else ""
    return f"| {name}{lower} | {value:.4f} | {known} |"


def _threshold(threshold: float | None) -> str:
    if threshold is None:
        return "It has no threshold from which on two are the same: dev could not tell."
    return f"Two are called the same from a score of {threshold:.6g} on (fitted on dev)."


def _interval_words(primary: str, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return f"No interval of {primary}: too few independent test pairs."
    return f"The interval of {primary} draws test pairs anew; pairs that share a text stay together."


def _few(facts: Facts) -> str:
    few = few_pairs_sentence(facts.get("counts", {}))
    return f"\n{few}\n" if few else ""


def _limits(facts: Facts) -> str:
    if facts["tokens"] is None:
        return SERIES
    return TEXTS.format(unknown=facts["unknown_share"], longest=facts["tokens"]["max_length"])


def _few_classes(facts: Facts) -> str:
    few = few_classes_sentence(facts.get("counts", {}).get("test", {}))
    return f"\n{few}\n" if few else ""
