"""The command fit-reranker."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import (
    NO_COLUMNS,
    Columns,
    Encoder,
    Json,
    column_options,
    is_data,
    refuse_columns,
    with_columns,
)

if TYPE_CHECKING:
    from seqtwin.api import FittedReranker
    from seqtwin.data.pairs import PairData


@with_columns
def fit_reranker(
    encoder: Encoder,
    data: Annotated[
        Path | None,
        typer.Argument(
            help="a YAML config, a data file, or a folder with train, dev and test files; default: the data of the run",
            metavar="[CONFIG|DATA]",
        ),
    ] = None,
    columns: Columns = NO_COLUMNS,
    as_json: Json = False,
) -> None:
    """Fit a re-ranker for an encoder of texts and save it in the encoder's folder.

    It combines the similarity of the encoder with the spelling of the texts into the probability that they are the
    same. It is fitted to the train pairs and calibrated on the dev pairs, which the encoder must not have been trained
    on. The probability holds for lists with the same share of same pairs as the dev pairs.

    Use it with: search --rerank N, dedupe --rerank, link --rerank.

    seqtwin fit-reranker runs/small
    """
    from seqtwin import api

    pairs = None if data is None else _read_pairs(data, columns, encoder)
    if pairs is None and columns != NO_COLUMNS:
        refuse_columns(columns, encoder)
    print_fitted(api.fit_reranker(encoder, pairs), as_json=as_json)


def _read_pairs(data: Path, columns: Columns, encoder: Path) -> "PairData":
    """The pairs of a config or of data, split as `train` would split them."""
    from seqtwin import api
    from seqtwin.cli.init_train import read_starter
    from seqtwin.config import read_run
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.run.prepare import prepare

    if not is_data(data):
        refuse_columns(columns, data)
        return api.pairs_of(prepare(read_run(data)))
    starter = read_starter(data, column_options(columns), [], encoder)
    console.print_summary(seen_lines(starter.inspection))
    return api.pairs_of(starter.prepared)


def print_fitted(fitted: "FittedReranker", *, as_json: bool = False) -> None:
    """Print the metrics of a re-ranker on dev next to those of its encoder, its threshold and its folder."""
    threshold, facts = fitted.reranker.threshold, fitted.reranker.facts
    if not fitted.own_data:
        console.print_notice("note: the encoder was trained on other data; the dev pairs must be new to it")
    if as_json:
        console.print_json(fitted_facts(fitted))
        return
    rows = [[name, *(_digits(side.get(name)) for side in (facts.dev, facts.dev_encoder))] for name in facts.dev]
    console.print_line(console.table(["dev, cross-validated", "re-ranker", "encoder"], rows) + "\n")
    share = f"{facts.dev_same} of {facts.dev_pairs} dev pairs are the same"
    console.print_line(f"threshold {threshold:.4g}; {share}")
    console.print_line(str(fitted.path))


def fitted_facts(fitted: "FittedReranker") -> dict[str, object]:
    """The same as JSON."""
    own = fitted.reranker
    return {"path": str(fitted.path), "threshold": own.threshold, **own.facts.as_json()}


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
