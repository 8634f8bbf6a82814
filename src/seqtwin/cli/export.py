"""The command export: write a trained encoder for another runtime."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Column, Encoder, Json

if TYPE_CHECKING:
    from seqtwin.inference.trained_encoder import TrainedEncoder

Export = Callable[["TrainedEncoder", Path, Sequence[str] | None], Path]


def _onnx(encoder: "TrainedEncoder", out: Path, _: Sequence[str] | None) -> Path:
    from seqtwin.interop.onnx_folder import export_onnx

    return export_onnx(encoder, out)


def _web(encoder: "TrainedEncoder", out: Path, texts: Sequence[str] | None) -> Path:
    from seqtwin.interop.web_folder import export_web

    return export_web(encoder, out, texts)


def _sentence_transformers(encoder: "TrainedEncoder", out: Path, _: Sequence[str] | None) -> Path:
    from seqtwin.interop.sentence_transformers import export_sentence_transformer

    return export_sentence_transformer(encoder, out)


TARGETS: dict[str, Export] = {"onnx": _onnx, "web": _web, "sentence-transformers": _sentence_transformers}
HOW_TO_LOAD = {
    "onnx": 'seqtwin.load("{out}", backend="onnx")',
    "web": "open() of {out}/seqtwin.mjs, see {out}/README.md",
    "sentence-transformers": 'sentence_transformers.SentenceTransformer("{out}", trust_remote_code=True)',
}


def export(
    encoder: Encoder,
    to: Annotated[str, typer.Option(help="onnx, web or sentence-transformers", metavar="FORMAT")],
    out: Annotated[Path, typer.Option("--out", "-o", help="output folder; must not exist yet", metavar="FOLDER")],
    texts: Annotated[
        Path | None,
        typer.Option(
            help="with --to web: texts that its page searches; a .txt file, or a table (use --column)", metavar="FILE"
        ),
    ] = None,
    column: Column = None,
    as_json: Json = False,
) -> None:
    """Export an encoder to ONNX (which needs no PyTorch), to the web (pages and Node), or to sentence-transformers.

    seqtwin export runs/small/encoder --to onnx -o small-onnx
    """
    from seqtwin.errors import ConfigError
    from seqtwin.files import refuse_existing
    from seqtwin.inference.trained_encoder import load
    from seqtwin.lookup import member

    write: Export = member(TARGETS, to, "export target")
    refuse_existing(out)
    if (texts or column) and (to != "web" or texts is None):
        raise ConfigError("EXPORT_TEXTS", "--texts is for --to web, and --column for --texts", place="export")
    model = load(encoder)
    write(model, out, None if texts is None else _read(texts, column))
    how = HOW_TO_LOAD[to].format(out=out)
    if as_json:
        console.print_json({"to": to, "out": str(out), "dim": model.dim, "fingerprint": model.fingerprint, "load": how})
        return
    console.print_line(f"{out}: load it with {how}")


def _read(texts: Path, column: str | None) -> list[str]:
    from seqtwin.inference.vector_files import read_texts

    return read_texts(texts, column, blank=True)
