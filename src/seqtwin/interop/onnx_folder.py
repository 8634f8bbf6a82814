"""The folder of an encoder exported to ONNX, as `seqtwin.load(folder, backend="onnx")` reads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqtwin.data.batches import Ragged
from seqtwin.errors import DamagedError
from seqtwin.files import dump_json, hash_of, publish_folder, sha256, write_bytes, write_text
from seqtwin.inference.onnx_encoder import CARD, FORMAT, GRAPH, README, SCORER, TOKENS, load_session, padded
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.onnx import scorer_to_onnx, to_onnx
from seqtwin.interop.onnx_graph import OPSET

LENGTHS = (1, 33, 7, 2)
LARGEST_DIFFERENCE = 1e-5  # of a coordinate, relative to the largest where that is above 1


def export_onnx(encoder: TrainedEncoder, folder: Path) -> Path:
    """The folder that `seqtwin.load(folder, backend="onnx")` reads without torch: model.onnx, tokenizer.json, a card
    with hashes, a README.

    The graph is run before it is written, on sequences of several lengths, alone and together.

    Raises: ConfigError for a part without a graph, or when something stands there already; MissingExtraError;
    DamagedError when the graph gives other vectors than the encoder.
    """
    graph = to_onnx(encoder)
    difference = _difference(encoder, graph)
    stored = encoder._stored
    tau = getattr(encoder._model.similarity, "tau", None)
    card: dict[str, Any] = {
        "format": FORMAT,
        "fingerprint": encoder.fingerprint,
        "inputs": encoder.inputs,
        "size": stored.blueprint.size,
        "dim": encoder.dim,
        "similarity": {"name": encoder.similarity_name, "tau": None if tau is None else tau().item()},
        "blueprint": stored.blueprint.model_dump(mode="json"),
        "facts": stored.facts,
        "largest_difference": difference,
    }
    with publish_folder(folder) as building:
        write_bytes(building.folder / GRAPH, graph)
        if not encoder.indexable:
            write_bytes(building.folder / SCORER, scorer_to_onnx(encoder))
        if stored.tokens is not None:
            card["empty"] = stored.tokens.empty
            write_text(building.folder / TOKENS, stored.tokens.to_json())
        write_text(building.folder / README, _readme(encoder))
        card["files"] = {p.name: sha256(p) for p in sorted(building.folder.iterdir()) if p.name != README}
        write_text(building.folder / CARD, dump_json({**card, "sha256": hash_of(card)}))
    return folder


def _ids(size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, size, n) for n in LENGTHS]


def _series(size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, size)).astype(np.float32) for n in LENGTHS]


DRAWS: dict[str, Callable[[int], list[np.ndarray]]] = {"tokens": _ids, "series": _series}


def _difference(encoder: TrainedEncoder, graph: bytes) -> float:
    """The largest difference of a coordinate between the graph's vectors and the encoder's.

    Raises: DamagedError when it is too large.
    """
    items = DRAWS[encoder.inputs](encoder._stored.blueprint.size)
    with torch.inference_mode():
        expected = encoder._model.encode(Ragged.of(items).take(np.arange(len(items)))).numpy()
    run = load_session(graph).run
    groups = [items, *([item] for item in items)]
    found = [run(None, {"sequences": padded(g), "lengths": np.array([len(i) for i in g])})[0] for g in groups]
    difference = max(np.abs(found[0] - expected).max(), np.abs(np.concatenate(found[1:]) - expected).max())
    if not difference <= LARGEST_DIFFERENCE * max(1.0, np.abs(expected).max()):
        cause = f"the graph's vectors differ from the encoder's by {difference:.2g}"
        raise DamagedError("EXPORT_DIFFERS", cause, place="export", remedy="please report this, with the encoder")
    return float(difference)


def _readme(encoder: TrainedEncoder) -> str:
    ids = "token ids, Int64[batch time]" if encoder.inputs == "tokens" else "numbers, Float[batch time channels]"
    threshold = "none: dev could not tell" if encoder.threshold is None else f"{encoder.threshold:.6g}"
    return f"""# SeqTwin encoder as ONNX

```python
import seqtwin
encoder = seqtwin.load("this-folder", backend="onnx")   # numpy, tokenizers and onnxruntime; no torch
vectors = encoder.encode([...])
```

One vector of width {encoder.dim} a sequence, compared by `{encoder.similarity_name}`; threshold: {threshold}.

`model.onnx`, opset {OPSET}: `sequences` ({ids}, right-padded with 0) and `lengths` (Int64[batch], from 1 on) in,
`vectors` (Float[batch {encoder.dim}]) out. A vector does not depend on its batch. Encoder {encoder.fingerprint[:16]}.
"""
