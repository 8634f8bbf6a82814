"""Short readable names of parts and of values, as ids, tables and file names use them."""

from pathlib import PurePath

from seqtwin.config import PATHS
from seqtwin.lookup import split_spec


def label(spec: object) -> str:
    """The label of a part: its name and the values of its options.

    >>> label({"name": "contrastive", "distance": "cosine", "margin": "auto"})
    'contrastive-cosine-auto'
    """
    name, options = split_spec(spec)
    if name == "join":
        return "+".join(label(part) for part in options.get("parts", []))
    if name == "sum":
        parts = [label(part) for part in options.get("parts", [])]
        weights = options.get("weights") or [1] * len(parts)
        terms = zip(parts, weights, strict=False)  # checked when the loss is built
        return "+".join(part if weight == 1 else f"{part}-weight{weight}" for part, weight in terms)
    words = [name, *(_word(key, value) for key, value in options.items())]
    return "-".join(words)


def _word(key: str, value: object) -> str:
    return value if isinstance(value, str) else f"{key}{value}"


def value_label(value: object) -> str:
    """The label of a value of any key.

    >>> value_label(1e30), value_label({"name": "linear", "dim": 8})
    ('1e30', 'linear-dim8')
    """
    # 1e+30 and 1e-30 must not become one id
    return label(value) if isinstance(value, dict) and "name" in value else str(value).replace("e+", "e")


def factor_label(key: str, value: object) -> str:
    """The label of a value of a factor. Of a path it is the last part.

    >>> factor_label("encoder.from", "/somewhere/runs/first"), factor_label("encoder.from", None)
    ('first', 'none')
    >>> factor_label("data.mix", [{"train": "more/stsb.csv", "score": "score", "share": 0.5}])
    'stsb.csv-share0.5'
    """
    if key not in PATHS or isinstance(value, int):  # data.pairs is a file or a number
        return value_label(value)
    paths = value if isinstance(value, list | tuple) else [value] if value else []
    return "+".join(_path_label(path) for path in paths) or "none"


def _path_label(path: object) -> str:
    """The last part of a path, or that of a file to mix in, with its share."""
    if not isinstance(path, dict):
        return PurePath(str(path)).name
    share = f"-share{path['share']}" if path.get("share") is not None else ""
    return PurePath(str(path.get("train"))).name + share
