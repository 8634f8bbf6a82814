"""The folder of an encoder for web pages and Node: ONNX graph, tokenizer, `seqtwin.mjs`, and a page that searches."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.files import dump_json, publish_folder, write_bytes, write_text
from seqtwin.inference.blank_texts import has_text
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.onnx import to_onnx
from seqtwin.interop.onnx_folder import check_graph
from seqtwin.interop.web_tokens import tokens_for_web
from seqtwin.model.numpy_similarities import FORMULAS
from seqtwin.paths import expand

FORMAT = 1
RUNTIME = "onnxruntime-web@1.30.0"
TEMPLATES = Path(__file__).parent / "templates" / "web"
MODEL, SETTINGS, TEXTS, VECTORS = "model.onnx", "settings.json", "texts.json", "vectors.bin"


def export_web(encoder: TrainedEncoder, folder: Path | str, texts: Sequence[str] | None = None) -> Path:
    """Write a folder that runs in a web page and in Node without a server of its own; returns it.

    `texts`: the corpus that its page searches; blank ones are left out. `seqtwin.mjs` in the folder gives the token
    ids of the encoder, and its vectors up to rounding.

    Raises: ConfigError for an encoder of series, a part without an ONNX graph or without JavaScript, or if the folder
    exists; MissingExtraError; DamagedError if the vectors of the graph differ from those of the encoder.
    """
    tokens = encoder._stored.tokens
    if tokens is None or encoder.similarity_name not in FORMULAS:
        part = "an encoder of series" if tokens is None else f"similarity '{encoder.similarity_name}'"
        cause = f"{part} cannot be exported to the web"
        raise ConfigError("EXPORT_UNSUPPORTED", cause, place="export", remedy="export it with --to onnx")
    tau = getattr(encoder._model.similarity, "tau", None)
    corpus = None if texts is None else _corpus(encoder, texts)
    settings: dict[str, object] = {
        "format": FORMAT,
        "fingerprint": encoder.fingerprint,
        "dim": encoder.dim,
        "similarity": {"name": encoder.similarity_name, "tau": None if tau is None else tau().item()},
        "threshold": encoder.threshold,
        "corpus": corpus is not None,
        "tokens": tokens_for_web(tokens),
    }
    folder, graph = expand(str(folder)), to_onnx(encoder)
    check_graph(encoder, graph)
    with publish_folder(folder) as building:
        for template in sorted(TEMPLATES.iterdir()):
            write_text(building.folder / template.name, template.read_text(encoding="utf-8"))
        write_bytes(building.folder / MODEL, graph)
        write_text(building.folder / SETTINGS, json.dumps(settings, allow_nan=False, ensure_ascii=False) + "\n")
        if corpus is not None:
            write_text(building.folder / TEXTS, dump_json(corpus))
            write_bytes(building.folder / VECTORS, encoder.encode(corpus).astype("<f4").tobytes())
        write_text(building.folder / "README.md", _readme(encoder, None if corpus is None else len(corpus)))
    return folder


def _corpus(encoder: TrainedEncoder, texts: Sequence[str]) -> list[str]:
    """The texts without the blank ones. Raises: ConfigError if none is left."""
    # half a character cannot be written to a file
    stored = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    kept = [stored[row] for row in np.flatnonzero(has_text(encoder, stored)).tolist()]
    if not kept:
        raise ConfigError("EXPORT_NO_TEXTS", "no text to search", place="--texts", remedy="name a file with texts")
    return kept


def _readme(encoder: TrainedEncoder, texts: int | None) -> str:
    searched = "" if texts is None else f" `texts.json` and `vectors.bin` are the {texts} texts that it searches."
    return f"""# SeqTwin encoder for the web

    npm install {RUNTIME}
    python3 -m http.server

The first line, run in this folder, fetches ONNX Runtime, which the page loads from `node_modules/`. Any web server that
serves files will do for the second; then open `index.html` at its address. Nothing leaves the page.

```js
import * as ort from "onnxruntime-web"; // in Node, onnxruntime-node works too
import {{ open }} from "./seqtwin.mjs";

const encoder = await open(ort);
const [a, b] = await encoder.encode(["one text", "another"]);
encoder.similarity(a, b);
encoder.isSame(a, b);
await encoder.search("one text", 10);
```

`seqtwin.mjs` makes the token ids (`settings.json`) and runs `model.onnx`.{searched} One vector of width {encoder.dim}
per text. Similarity: `{encoder.similarity_name}`. Encoder: {encoder.fingerprint[:16]}.

Token ids are those of SeqTwin. Only characters newer than Unicode 14 can differ, in a browser with newer tables.
"""
