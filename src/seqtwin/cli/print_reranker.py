"""Prints a re-ranker that was fitted."""

from typing import TYPE_CHECKING

from seqtwin.cli import console

if TYPE_CHECKING:
    from seqtwin.api_reranker import FittedReranker


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
