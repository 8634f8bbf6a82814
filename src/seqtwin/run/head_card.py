"""The model card of an encoder with a head."""

from typing import Any

from seqtwin.metrics import few_classes_sentence, lower_is_better

USES = {
    "classify": ("says which of {classes} classes a sequence is", "label, probability"),
    "label_steps": ("says which of {classes} classes every step of a sequence is", "one label a step"),
    "decode": ("writes a text out of the one vector of a sequence", "the text"),
}


def head_card(facts: dict[str, Any], scores: dict[str, Any], interval: tuple[float, float] | None) -> str:
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
{_few(facts)}
The interval of {scores["primary"]} {drawn}. One training with one seed: another seed moves these numbers, and other
data moves them more. Intervals that hold the seeds too come from a comparison (`seqtwin compare`).

## Limits

It knows nothing but its training data: what it never met there it reads as unknown ({facts["unknown_share"]:.2%} of the
tokens in test), and it always gives an answer, also to what is none of its business.

## Where it comes from

Loss: {facts["loss"]["formula"]}

Data {facts["data_hash"][:16]}, split {facts["split_hash"][:16]}.
"""


def _few(facts: dict[str, Any]) -> str:
    few = few_classes_sentence(facts.get("counts", {}).get("test", {}))
    return f"\n{few}\n" if few else ""


def _row(name: str, value: float, primary: str, interval: tuple[float, float] | None) -> str:
    known = f"{interval[0]:.4f} to {interval[1]:.4f}" if interval and name == primary else ""
    lower = " (lower is better)" if lower_is_better(name) else ""
    return f"| {name}{lower} | {value:.4f} | {known} |"
