"""The command export: write a trained encoder for another runtime."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Encoder, Json

if TYPE_CHECKING:
    from seqtwin.inference.trained_encoder import TrainedEncoder

Export = Callable[["TrainedEncoder", Path], Path]


def _onnx(encoder: "TrainedEncoder", out: Path) -> Path:
    from seqtwin.interop.onnx_folder import export_onnx

    return export_onnx(encoder, out)


def _sentence_transformers(encoder: "TrainedEncoder", out: Path) -> Path:
    from seqtwin.interop.sentence_transformers import export_sentence_transformer

    return export_sentence_transformer(encoder, out)


TARGETS: dict[str, Export] = {"onnx": _onnx, "sentence-transformers": _sentence_transformers}
HOW_TO_LOAD = {
    "onnx": 'seqtwin.load("{out}", backend="onnx")',
    "sentence-transformers": 'sentence_transformers.SentenceTransformer("{out}", trust_remote_code=True)',
}


def export(
    encoder: Encoder,
    to: Annotated[str, typer.Option(help="onnx or sentence-transformers", metavar="FORMAT")],
    out: Annotated[Path, typer.Option("--out", "-o", help="output folder; must not exist yet", metavar="FOLDER")],
    as_json: Json = False,
) -> None:
    """Export an encoder to ONNX (which needs no PyTorch) or to sentence-transformers.

    seqtwin export runs/small/encoder --to onnx -o small-onnx
    """
    from seqtwin.files import refuse_existing
    from seqtwin.inference.trained_encoder import load
    from seqtwin.lookup import member

    write: Export = member(TARGETS, to, "export target")
    refuse_existing(out)
    model = load(encoder)
    write(model, out)
    how = HOW_TO_LOAD[to].format(out=out)
    if as_json:
        console.print_json({"to": to, "out": str(out), "dim": model.dim, "fingerprint": model.fingerprint, "load": how})
        return
    console.print_line(f"{out}: load it with {how}")
