"""The model card that is saved with an encoder."""

from seqtwin.data.cluster_intervals import Interval
from seqtwin.floors import Baselines, compare_with_best
from seqtwin.metrics import few_classes_sentence, few_pairs_sentence, lower_is_better
from seqtwin.published import Facts, Scores, TrainingOptions

TEXTS = """It knows no languages, fields or aliases except those in its training pairs. {token} becomes one unknown
token: {unknown:.2%} of the tokens in test. {empty} Only the first {longest} tokens of a text are used.
"""
KNOWN = """{known:,} words that do not occur in train have word vectors that were not trained with it. Any other token
that does not occur there"""
EMPTY = {
    "error": "A text without a token cannot be encoded.",
    "unk": "A text without a token is encoded as one unknown token.",
}
SERIES = """Series must have the channels, units and sampling of the training data; nothing is rescaled.
"""


def model_card(facts: Facts, scores: Scores, interval: Interval | None = None) -> str:
    """The model card of an encoder of pairs, as Markdown: its use, how to load it, its scores, its limits.

    `interval`: of the primary metric on test.
    """
    series = facts["tokens"] is None
    what, example = ("series of numbers", "a series") if series else ("short texts", "a text")
    return "\n".join(
        (
            f"""# SeqTwin encoder: {facts["representation"]} trained with {facts["loss"]["name"]} on {facts["dataset"]}

Turns {example} into a vector of width {facts["dim"]}; two vectors are compared by `{facts["similarity"]}`.
{facts["parameters"]:,} parameters.
""",
            _how_to_load_pairs(facts),
            f"""## What it is for

Finding and matching {what} like those of `{facts["dataset"]}`: search, record linkage, finding duplicates.
{_threshold(scores["threshold"])}
A person should check the matches where a wrong one is costly.
""",
            _scores_of_pairs(facts, scores, interval),
            f"""## Limits

{_limits(facts)}
The threshold and the scores are valid for pairs drawn like those of `{facts["dataset"]}`. Among all pairs of two long
lists almost all are different, and a threshold that is right here finds too many matches there.
""",
            _origin(facts),
        )
    )


def _how_to_load_pairs(facts: Facts) -> str:
    return f"""## How to load

```python
import seqtwin
encoder = seqtwin.load("encoder")        # this folder
vectors = encoder.encode([...])          # float32 [n, {facts["dim"]}]
scores = encoder.score(left, right)      # higher = more similar
```

`seqtwin verify encoder` checks that no file of the folder has changed since it was saved.
"""


def _scores_of_pairs(facts: Facts, scores: Scores, interval: Interval | None) -> str:
    few = few_pairs_sentence(facts.get("counts", {}))
    train, dev, test = (facts["pairs"][split] for split in ("train", "dev", "test"))
    return f"""## Scores

Trained on {train:,} pairs; epoch {facts["best_epoch"]} was chosen on {dev:,} dev pairs.

| metric, {test:,} test pairs | value | 95 % interval |
| --- | --- | --- |
{_rows(scores, interval)}
{_paragraph(few)}
{_interval_sentence(scores["primary"], interval)}
The scores are those of one training run with one seed. Another seed changes them, and other data change them more. For
intervals that include the variation between seeds, run `seqtwin compare`.
"""


def head_card(facts: Facts, scores: Scores, interval: Interval | None, *, output: str, answer: str) -> str:
    """The model card of an encoder with a head, as Markdown: its output, how to load it, its scores, its limits.

    `interval`: of the primary metric on test. `output`: the predicate of a sentence about a sequence.
    `answer`: the result of `predict`, in a few words.
    """
    return "\n".join(
        (
            f"""# SeqTwin encoder: {facts["representation"]}, {facts["objective"]} on {facts["dataset"]}

Turns a sequence into a vector of width {facts["dim"]}, and {output}.
{facts["parameters"]:,} parameters in the encoder.
""",
            _how_to_load_head(facts, answer),
            _scores_of_head(facts, scores, interval),
            f"""## Limits

It knows only its training data. A token that it does not know is treated as unknown: {facts["unknown_share"]:.2%}
of the tokens in test. It always gives an answer, even for sequences unlike any in its training data.
""",
            _origin(facts),
        )
    )


def _how_to_load_head(facts: Facts, answer: str) -> str:
    return f"""## How to load

```python
import seqtwin
encoder = seqtwin.load("encoder")        # this folder
encoder.predict([...])                   # {answer}
encoder.encode([...])                    # float32 [n, {facts["dim"]}]
```

`seqtwin predict` does the same for files. `seqtwin verify encoder` checks that no file of the folder has changed since
it was saved.
"""


def _scores_of_head(facts: Facts, scores: Scores, interval: Interval | None) -> str:
    few = few_classes_sentence(facts.get("counts", {}).get("test", {}))
    train, dev, test = (facts["pairs"][split] for split in ("train", "dev", "test"))
    how = "resamples the test sequences" if interval else "is missing: too few test sequences"
    return f"""## Scores

Trained on {train:,} sequences; epoch {facts["best_epoch"]} was chosen on {dev:,} dev sequences.

| metric, {test:,} test sequences | value | 95 % interval |
| --- | --- | --- |
{_rows(scores, interval)}
{_paragraph(few)}
The interval of {scores["primary"]} {how}. The scores are those of one training run with one seed. Another seed changes
them, and other data change them more. For intervals that include the variation between seeds, run `seqtwin compare`.
"""


def distilled_card(facts: Facts, scores: Scores, interval: Interval | None) -> str:
    """The model card of an encoder that learned from a teacher, as Markdown. `interval`: of the primary metric on
    test."""
    teacher = facts["source"]["teacher"]
    return "\n".join(
        (
            f"""# SeqTwin encoder: {facts["representation"]} trained with the teacher `{teacher}` on {facts["dataset"]}

Turns a text into a vector of width {facts["dim"]}; two vectors are compared by `{facts["similarity"]}`. It imitates the
similarities of the teacher. It was trained without labels. {facts["parameters"]:,} parameters.
""",
            _how_to_load_pairs(facts),
            f"""## What it is for

Finding similar texts, and the start of a training on labelled pairs (`encoder: {{from: ...}}`), which it improves.
{_threshold(None)}
""",
            _scores_of_distilled(facts, scores, interval),
            f"""## Limits

{_limits(facts)}
It is at best as good as its teacher, and has the errors of the teacher. No label was used: a high score means that
it agrees with the teacher, not that both are right.
""",
            _origin(facts),
        )
    )


def _scores_of_distilled(facts: Facts, scores: Scores, interval: Interval | None) -> str:
    train, dev, test = (facts["pairs"][split] for split in ("train", "dev", "test"))
    how = "resamples the test texts" if interval else "is missing: too few test texts"
    return f"""## Scores

Trained on {train:,} texts; epoch {facts["best_epoch"]} was chosen on {dev:,} pairs of dev texts. Each target is the
similarity that the teacher gives a pair.

| metric, {test:,} pairs of test texts | value | 95 % interval |
| --- | --- | --- |
{_rows(scores, interval)}

The interval of {scores["primary"]} {how}. The scores are those of one training run with one seed.
"""


def _origin(facts: Facts) -> str:
    return f"""## Origin

Loss: {facts["loss"]["formula"]}
{_paragraph(_training_sentence(facts.get("training", {})))}
Data {facts["data_hash"][:16]}, split {facts["split_hash"][:16]}.
"""


def _training_sentence(options: TrainingOptions) -> str:
    """The options of the training, in words; empty where there are none."""
    words = []
    if "average" in options:
        steps = options["averaged_steps"]
        over = f"averaged over {steps:,} steps" if steps else "not averaged, because the training stopped before"
        words.append(f"weights {over} ({options['average']})")
    if "rates" in options:
        rates = ", ".join(f"{part} {rate:g}" for part, rate in options["rates"].items())
        words.append(f"learning rates by part, as multiples: {rates}")
    if "balance" in options:
        words.append(f"{options['balance']:.0%} same pairs in each batch")
    return f"Training: {'; '.join(words)}." if words else ""


def baseline_section(baselines: Baselines, scores: Scores) -> str:
    """The last section of a model card: the encoder next to the baseline that is best on dev."""
    sentences = "\n".join(compare_with_best(baselines, scores["dev"], scores["test"]))
    return f"""
## Compared with a free baseline

{sentences}
The baseline was chosen on dev. All of them: `floors.json` in the folder of the run.
"""


def rounding_section(deviation: float | None) -> str:
    """The section about bfloat16: the largest difference of a coordinate; empty for None."""
    if deviation is None:
        return ""
    return f"""
## In bfloat16

`encode(..., precision="bf16")` is faster on processors with bfloat16. A coordinate differed from float32 by up to
{deviation:.1g} in a sample of test.
"""


def _rows(scores: Scores, interval: Interval | None) -> str:
    return "\n".join(
        _row(name, value, interval if name == scores["primary"] else None) for name, value in scores["test"].items()
    )


def _row(name: str, value: float, interval: Interval | None) -> str:
    span = f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""
    lower = " (lower is better)" if lower_is_better(name) else ""
    return f"| {name}{lower} | {value:.4f} | {span} |"


def _threshold(threshold: float | None) -> str:
    if threshold is None:
        return "It has no threshold for calling two the same: fitting one needs dev pairs of both labels."
    return f"Two are called the same if their score is at least {threshold:.6g} (estimated from the dev pairs)."


def _interval_sentence(primary: str, interval: Interval | None) -> str:
    if interval is None:
        return f"No interval of {primary}: too few independent test pairs."
    return f"The interval of {primary} resamples the test pairs; pairs that share a text stay together."


def _paragraph(sentence: str) -> str:
    return f"\n{sentence}\n" if sentence else ""


def _limits(facts: Facts) -> str:
    if facts["tokens"] is None:
        return SERIES
    known, empty = facts["tokens"].get("known_words"), "error" if facts["tokens"].get("empty") == "error" else "unk"
    token = KNOWN.format(known=known) if known else "A token that does not occur in train"
    longest = facts["tokens"]["max_length"]
    return TEXTS.format(token=token, unknown=facts["unknown_share"], empty=EMPTY[empty], longest=longest)
