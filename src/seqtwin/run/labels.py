"""Short readable names: of parts, of values, and of the row and the column a study cell stands in."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from seqtwin.config import PATHS, RunConfig
from seqtwin.lookup import Spec, split_spec

OBJECTIVE = "objective"


def label(spec: Spec) -> str:
    """A short readable name of a part: its name and its options' values.

    >>> label({"name": "contrastive", "distance": "cosine", "margin": "auto"})
    'contrastive-cosine-auto'
    """
    name, options = split_spec(spec)
    if name == "join":
        return "+".join(label(part) for part in options.get("parts", []))
    words = [name, *(_word(key, value) for key, value in options.items())]
    return "-".join(words)


def _word(key: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{key}{value}"


def value_label(value: Any) -> str:
    """A short readable name of a value of any key.

    >>> value_label(1e30), value_label({"name": "linear", "dim": 8})
    ('1e30', 'linear-dim8')
    """
    # 1e+30 and 1e-30 must not become one id
    return label(value) if isinstance(value, dict) and "name" in value else str(value).replace("e+", "e")


def factor_label(key: str, value: Any) -> str:
    """The label of a value of a factor; of a path its last part, wherever it lies.

    >>> factor_label("encoder.from", "/somewhere/runs/first"), factor_label("encoder.from", None)
    ('first', 'none')
    """
    if key not in PATHS or isinstance(value, int):  # data.pairs is a file or a number
        return value_label(value)
    paths = value if isinstance(value, list | tuple) else [value] if value else []
    return "+".join(PurePath(path).name for path in paths) or "none"


def objective_name(config: RunConfig) -> str:
    """pairs, classify, label_steps or decode."""
    return split_spec(config.objective)[0]


def row_label(config: RunConfig) -> str:
    """What is read from the states: the representation; at each step, for a labeller of steps."""
    name, options = split_spec(config.objective)
    if name != "label_steps":
        return label(config.representation)
    reads = options.get("reads", "outputs")
    return f"repeated-{label(config.representation)}" if reads == "repeated" else label(reads)


def column_label(config: RunConfig, changes: Mapping[str, Any]) -> str:
    """What it is trained with: the loss of pairs, else the head. Of a head only those options that `changes` varies,
    and its loss where that varies.

    What a labeller reads at each step is no part of it: that is its row.
    """
    name, options = split_spec(config.objective)
    if name == "pairs":
        return label(config.loss)
    varied = {key.removeprefix(f"{OBJECTIVE}.") for key in changes}
    shown = options if OBJECTIVE in changes else {k: v for k, v in options.items() if k in varied}
    head = label({"name": name, **{key: value for key, value in shown.items() if key != "reads"}})
    return f"{head}-{label(config.loss)}" if "loss" in changes else head


def is_axis(key: str) -> bool:
    """Whether what varies under a key shows in the row or the column already."""
    return key in ("representation", "loss", OBJECTIVE) or key.startswith(f"{OBJECTIVE}.")
