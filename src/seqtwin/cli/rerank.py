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
from seqtwin.cli.print_reranker import print_fitted

if TYPE_CHECKING:
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
    on. The probability is calibrated for the share of same pairs in the dev split.

    Use it with: search --rerank N, dedupe --rerank, link --rerank.

    seqtwin fit-reranker runs/small
    """
    from seqtwin import api_reranker

    pairs = None if data is None else _read_pairs(data, columns, encoder)
    if pairs is None and columns != NO_COLUMNS:
        refuse_columns(columns, encoder)
    print_fitted(api_reranker.fit_reranker(encoder, pairs), as_json=as_json)


def _read_pairs(data: Path, columns: Columns, encoder: Path) -> "PairData":
    """The pairs of a config or of data, split as `train` would split them."""
    from seqtwin import api_reranker
    from seqtwin.cli.entry.starter import read_starter
    from seqtwin.config import read_run
    from seqtwin.data.starter_config import seen_lines
    from seqtwin.run.prepare import prepare

    if not is_data(data):
        refuse_columns(columns, data)
        return api_reranker.pairs_of(prepare(read_run(data)))
    starter = read_starter(data, column_options(columns), [], encoder)
    console.print_summary(seen_lines(starter.inspection))
    return api_reranker.pairs_of(starter.prepared)
