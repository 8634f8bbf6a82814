"""The model card that lies beside a saved encoder."""

from typing import Any


def model_card(facts: dict[str, Any], scores: dict[str, Any]) -> str:
    """Markdown: what the encoder is, how to use it, what it was measured by, its limits."""
    pairs = facts["pairs"]
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in scores["test"].items())
    threshold = "none: dev could not tell" if scores["threshold"] is None else f"{scores['threshold']:.6g}"
    return f"""# SeqTwin encoder: {facts["representation"]} trained with {facts["loss"]["name"]} on {facts["dataset"]}

One vector of width {facts["dim"]} a sequence; compared by `{facts["similarity"]}`; {facts["parameters"]:,} parameters.

```python
import seqtwin
encoder = seqtwin.load("encoder")        # this folder
vectors = encoder.encode([...])
```

Trained on {pairs["train"]:,} pairs, best epoch {facts["best_epoch"]} chosen on {pairs["dev"]:,} dev pairs.
Two sequences are called the same from a score of {threshold} on (fitted on dev).

| metric, {pairs["test"]:,} test pairs | value |
| --- | --- |
{rows}

One training with one seed: another seed moves these numbers, and other data moves them more. Intervals come from a
comparison (`seqtwin compare`).

Loss: {facts["loss"]["formula"]}

Data {facts["data_hash"][:16]}, split {facts["split_hash"][:16]}. Unknown tokens in test: {facts["unknown_share"]:.2%}.
"""
