"""The command anatomy: the tensors of an encoder for one text."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Json
from seqtwin.errors import ConfigError
from seqtwin.paths import expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seqtwin.anatomy.dissect import Given, Subject
    from seqtwin.anatomy.records import Anatomy
    from seqtwin.config import RunConfig
    from seqtwin.data.examples import Examples
    from seqtwin.data.pairs import PairData
    from seqtwin.run.prepared_data import Ready

WIDEST = 120  # columns; longer lines are hard to read


def anatomy(
    where: Annotated[
        Path,
        typer.Argument(
            help="a config (builds an untrained encoder), an encoder folder or a run folder", metavar="CONFIG|ENCODER"
        ),
    ],
    text: Annotated[
        str | None,
        typer.Argument(
            help="a text, or a file of series (only the first series is used); default: a short example", metavar="TEXT"
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="write an HTML page to this file, which must not exist yet", metavar="FILE")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="change a setting of the config, for example encoder.layers=2; repeatable",
            metavar="key=value",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show output, h_n and c_n for one text: their values, which entries they share, and where each tensor is used.

    seqtwin anatomy configs/placenames.yaml Wien --set encoder.cell=gru --html wien.html
    """
    from seqtwin.anatomy.dissect import dissect
    from seqtwin.anatomy.page import page
    from seqtwin.files import publish_text, refuse_existing

    if html is not None:
        refuse_existing(html)
    dissected = dissect(_noted(_subject(where, text, changes or [])))
    if html is not None:
        publish_text(html, page(dissected))
    if as_json:
        console.print_json({**dissected.as_dict(), **({"html": str(html)} if html else {})})
    elif html is not None:
        console.print_line(f"page: {html}")
    else:
        _print_anatomy(dissected)


def _noted(subject: "Subject") -> "Subject":
    """The subject; prints a note where its vectors do not come from the states alone."""
    channel = subject.model.channel
    if channel is not None:
        used = (
            f"only {channel.uses}, not the states shown here"
            if channel.alone
            else f"{channel.uses} beside these states"
        )
        console.print_notice(f"note: the vectors of this encoder use {used} (encoder.{channel.setting})")
    return subject


def _print_anatomy(dissected: "Anatomy") -> None:
    from rich.console import Console

    from seqtwin.anatomy.terminal import drawn

    screen = Console(highlight=False, markup=False, emoji=False)
    screen.width = min(screen.width, WIDEST)
    with screen.capture() as captured:
        screen.print(drawn(dissected, screen.width))
    console.print_drawn(captured.get())


def _subject(where: Path, text: str | None, changes: list[str]) -> "Subject":
    if not where.is_dir():
        return _subject_of_config(where, text, changes)
    if changes:
        cause, remedy = "--set cannot change a trained encoder", "use --set with a config, for example that of its run"
        raise ConfigError("ANATOMY_SET", cause, place=str(where), remedy=remedy)
    return _subject_of_encoder(where, text)


def _subject_of_encoder(where: Path, text: str | None) -> "Subject":
    from seqtwin.anatomy import default_text
    from seqtwin.anatomy.dissect import Subject
    from seqtwin.store import encoder_folder, load_encoder

    stored = load_encoder(encoder_folder(where))
    source, tokens = f"{where}, trained", stored.tokens
    if tokens is not None:
        return Subject(stored.model, tokens, default_text.text_of(tokens) if text is None else text, source)
    channels = stored.blueprint.size
    item, name = (
        (default_text.series_of(channels), "sine waves")
        if text is None
        else default_text.series_in(expand(text), channels)
    )
    return Subject(stored.model, None, item, source, name)


def _subject_of_config(where: Path, text: str | None, changes: list[str]) -> "Subject":
    from seqtwin.anatomy import default_text
    from seqtwin.anatomy.dissect import Subject
    from seqtwin.run.fresh_model import fresh_model
    from seqtwin.run.prepare import prepare
    from seqtwin.run.pretrained import followed

    config = followed(_config(where, changes))
    prepared = prepare(config)
    state = "untrained" if config.encoder.start is None else "before training"
    source = f"{where}, {state}, seed {config.fit.seed}"
    model, tokens = fresh_model(config, prepared), prepared.tokens
    if text is None:
        first = _first_short(prepared)
        assert first is not None  # training data are never empty
        return Subject(model, tokens, first, source, "the first short training series")
    if tokens is not None:
        return Subject(model, tokens, text, source)
    item, name = default_text.series_in(expand(text), prepared.size)
    return Subject(model, None, item, source, name)


def _config(where: Path, changes: list[str]) -> "RunConfig":
    """The run of a config, or the base of a study."""
    from seqtwin.config import read_run, read_study
    from seqtwin.strict_yaml import read_yaml

    study = bool({"grid", "base"} & set(read_yaml(where)))
    return read_study(where, changes).base if study else read_run(where, changes)


def _first_short(prepared: "Ready") -> "Given | None":
    """The first training item of 4 to 10 steps."""
    from seqtwin.anatomy import default_text

    if prepared.tokens is None:
        items = prepared.stores["train"].items
        ends = zip(items.starts, items.starts + items.lengths, strict=True)
        return default_text.first_short((items.steps[start:end] for start, end in ends), items.lengths.tolist())
    texts = _training_texts(prepared.data)
    return default_text.first_short(texts, default_text.lengths_of(prepared.tokens, texts))


def _training_texts(data: "PairData | Examples") -> "list[str | Sequence[str]]":
    from seqtwin.data.examples import Examples

    if isinstance(data, Examples):
        return [data.items[row] for row in data.rows("train")]
    return list(data.part("train")["left"])
