"""The command that takes a trained encoder to other runtimes: export."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Encoder, Json


def _onnx(encoder: Any, out: Path) -> Path:
    from seqtwin.interop.onnx_folder import export_onnx

    return export_onnx(encoder, out)


def _sentence_transformers(encoder: Any, out: Path) -> Path:
    from seqtwin.interop.sentence_transformers import export_sentence_transformer

    return export_sentence_transformer(encoder, out)


TARGETS: dict[str, Callable[[Any, Path], Path]] = {"onnx": _onnx, "sentence-transformers": _sentence_transformers}
HOW_TO_LOAD = {
    "onnx": 'seqtwin.load("{out}", backend="onnx")',
    "sentence-transformers": 'sentence_transformers.SentenceTransformer("{out}")',
}


def export(
    encoder: Encoder,
    to: Annotated[str, typer.Option(help="onnx, or sentence-transformers")],
    out: Annotated[Path, typer.Option("--out", "-o", help="the folder to write")],
    as_json: Json = False,
) -> None:
    """Write an encoder for another runtime: ONNX without torch, or modules that sentence-transformers loads.

    seqtwin export runs/small/encoder --to onnx -o small-onnx
    """
    from seqtwin.files import refuse_existing
    from seqtwin.inference.trained_encoder import load
    from seqtwin.lookup import member

    write: Callable[[Any, Path], Path] = member(TARGETS, to, "export target")
    refuse_existing(out)
    found = load(encoder)
    write(found, out)
    how = HOW_TO_LOAD[to].format(out=out)
    if as_json:
        console.say_json({"to": to, "out": str(out), "dim": found.dim, "fingerprint": found.fingerprint, "load": how})
        return
    console.say(f"{out}: load it with {how}")
