"""The folder of an encoder exported to ONNX, for `seqtwin.load(folder, backend="onnx")`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from seqtwin.data.batches import Ragged
from seqtwin.data.tokens.letters import LETTERS
from seqtwin.data.tokens.units import UNKNOWN
from seqtwin.errors import DamagedError
from seqtwin.files import dump_json, publish_folder, sha256, write_bytes, write_text
from seqtwin.inference.onnx_encoder import CARD, FORMAT, GRAPH, README, SCORER, TOKENS, load_session, padded
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.onnx import scorer_to_onnx, to_onnx
from seqtwin.interop.onnx_graph import OPSET
from seqtwin.json_values import hash_of
from seqtwin.paths import expand
from seqtwin.reranker.reranker_folder import FOLDER, save_reranker

TOKENIZER_SETTINGS = "tokenizer_config.json"  # @huggingface/tokenizers finds the unknown token of words only there
LENGTHS = (1, 33, 7, 2)
LARGEST_DIFFERENCE = 1e-5  # of a coordinate, relative to the largest one if that is above 1


def export_onnx(encoder: TrainedEncoder, folder: Path | str) -> Path:
    """Export an encoder to a folder that `seqtwin.load(folder, backend="onnx")` loads without torch; returns it.

    It contains model.onnx, tokenizer.json, a card with hashes, a README, and the re-ranker if there is one. Before it
    is written, the graph is run on sequences of several lengths, one at a time and as a batch.

    Raises: ConfigError for a part without an ONNX graph, or if the folder exists; MissingExtraError; DamagedError if
    the vectors of the graph differ from those of the encoder.
    """
    folder, graph = expand(str(folder)), to_onnx(encoder)
    difference = check_graph(encoder, graph)
    stored = encoder._stored
    tau = getattr(encoder._model.similarity, "tau", None)
    card: dict[str, object] = {
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
            if stored.tokens.letters is not None:
                card["letters"] = stored.tokens.letters.alphabet
            write_text(building.folder / TOKENS, stored.tokens.to_json())
            write_text(building.folder / TOKENIZER_SETTINGS, dump_json({"unk_token": UNKNOWN}))
        write_text(building.folder / README, _readme(encoder))
        card["files"] = {p.name: sha256(p) for p in sorted(building.folder.iterdir()) if p.name != README}
        write_text(building.folder / CARD, dump_json({**card, "sha256": hash_of(card)}))
        if encoder.has_reranker:
            save_reranker(building.folder / FOLDER, encoder.reranker.reranker)
    return folder


def _ids(size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, size, n) for n in LENGTHS]


def _series(size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, size)).astype(np.float32) for n in LENGTHS]


def _with_letters(items: list[np.ndarray], letters: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    drawn = [rng.integers(1, letters, (len(item), LETTERS)) for item in items]
    used = [np.arange(LETTERS) < rng.integers(1, LETTERS, (len(item), 1)) for item in items]
    return [np.column_stack([*parts[:1], parts[1] * parts[2]]) for parts in zip(items, drawn, used, strict=True)]


DRAWS: dict[str, Callable[[int], list[np.ndarray]]] = {"tokens": _ids, "series": _series}


def check_graph(encoder: TrainedEncoder, graph: bytes) -> float:
    """Compare the vectors of the graph and of the encoder; returns the largest difference of a coordinate.

    Raises: DamagedError if it is too large.
    """
    blueprint = encoder._stored.blueprint
    items = DRAWS[encoder.inputs](blueprint.size)
    if blueprint.letters:
        items = _with_letters(items, blueprint.letters)
    with torch.inference_mode():
        expected = encoder._model.encode(Ragged.of(items).take(np.arange(len(items)))).numpy()
    run = load_session(graph).run
    groups = [items, *([item] for item in items)]
    vectors = [run(None, {"sequences": padded(g), "lengths": np.array([len(i) for i in g])})[0] for g in groups]
    difference = max(np.abs(vectors[0] - expected).max(), np.abs(np.concatenate(vectors[1:]) - expected).max())
    if not difference <= LARGEST_DIFFERENCE * max(1.0, np.abs(expected).max()):
        cause = f"the vectors of the ONNX graph differ from those of the encoder by {difference:.2g}"
        raise DamagedError("EXPORT_DIFFERS", cause, place="export", remedy="please report this and attach the encoder")
    return float(difference)


def _readme(encoder: TrainedEncoder) -> str:
    ids = "token ids, Int64[batch time]" if encoder.inputs == "tokens" else "numbers, Float[batch time channels]"
    threshold = "none (it could not be estimated on dev)" if encoder.threshold is None else f"{encoder.threshold:.6g}"
    return f"""# SeqTwin encoder as ONNX

```python
import seqtwin
encoder = seqtwin.load("this-folder", backend="onnx")   # numpy, tokenizers and onnxruntime; no torch
vectors = encoder.encode([...])
```

One vector of width {encoder.dim} per sequence. Similarity: `{encoder.similarity_name}`. Threshold: {threshold}.

`model.onnx` uses opset {OPSET}. Inputs: `sequences` ({ids}, right-padded with 0) and `lengths` (Int64[batch], at least
1). Output: `vectors` (Float[batch {encoder.dim}]). A vector does not depend on the other rows of its batch. Never run
a graph on a batch of no rows: ONNX Runtime then ends the process. `seqtwin.load` never does. Encoder:
{encoder.fingerprint[:16]}.

The vectors were checked with ONNX Runtime, which also runs in Node and on the web. Another runtime must support
`sequence_lens` and compute Int64 in 64 bits. OpenVINO 2026.4 does neither: it ignores lengths, hashes n-grams to other
numbers, and gives wrong vectors without a warning. Compare the vectors of another runtime with those of `seqtwin.load`,
for sequences of different lengths.
"""
