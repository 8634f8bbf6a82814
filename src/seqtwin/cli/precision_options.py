"""The options of dedupe and link for a stated precision: how the threshold is chosen, and what is printed about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtwin.cli import console
from seqtwin.errors import ConfigError

if TYPE_CHECKING:
    from seqtwin.inference.trained_encoder import TrainedEncoder
    from seqtwin.matching.clusters import Pairs
    from seqtwin.matching.decisions import Decision
    from seqtwin.matching.label_shift import Reference
    from seqtwin.matching.precision_estimate import Estimate, Share
    from seqtwin.matching.threshold_choice import Choice


@dataclass(frozen=True)
class PrecisionOptions:
    """The options about precision, as typed. `with_options` adds them to a command."""

    precision: Annotated[
        float | None,
        typer.Option(
            help="choose the lowest threshold at which the 95 % interval of the precision is not below this; needs "
            "--labels or --dev",
            metavar="SHARE",
        ),
    ] = None
    sample: Annotated[
        Path | None,
        typer.Option(help="output file with a random sample of candidate pairs to label (.csv)", metavar="FILE"),
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option(help="labelled --sample file, from which the precision is estimated", metavar="FILE"),
    ] = None
    dev: Annotated[
        Path | None,
        typer.Option(
            help="labelled pairs that the encoder was not trained on; a less reliable way to estimate the precision if "
            "you have not labelled a sample",
            metavar="FILE",
        ),
    ] = None

    def check(self, threshold: float | None, *, one_to_one: bool = False) -> None:
        """Check that the options can be combined.

        Raises: ConfigError.
        """
        from seqtwin.matching.precision_estimate import check_target

        if self.precision is not None:
            check_target(self.precision)
        if one_to_one and any(option is not None for option in vars(self).values()):
            cause = "which matches --one-to-one makes depends on the threshold, so their precision cannot be estimated"
            raise ConfigError("PRECISION_ONE_TO_ONE", cause, place="--one-to-one", remedy="leave --one-to-one out")
        evidence = [name for name in ("labels", "dev") if getattr(self, name) is not None]
        if self.precision is not None and not evidence:
            cause = "a precision can only be estimated from labelled pairs"
            remedy = "label a sample of this list (--sample, then --labels), or name labelled pairs (--dev)"
            raise ConfigError("PRECISION_NO_LABELS", cause, place="--precision", remedy=remedy)
        self._refuse_both(self.precision is not None and threshold is not None, "--precision", "--threshold")
        self._refuse_both(len(evidence) == 2, "--labels", "--dev")
        self._refuse_both(self.sample is not None and bool(evidence), "--sample", f"--{[*evidence, ''][0]}")

    def limit(self, model: "TrainedEncoder", threshold: float | None, *, rerank: bool) -> float:
        """The threshold without --precision; -inf with it. `threshold`: of the user.

        Raises: ConfigError if there is none.
        """
        from seqtwin.matching.settings import choose_threshold

        return choose_threshold(model, threshold, rerank=rerank) if self.precision is None else float("-inf")

    def _refuse_both(self, both: bool, first: str, second: str) -> None:
        if both:
            cause = f"{first} and {second} cannot be used together"
            raise ConfigError("PRECISION_OPTIONS", cause, place=first, remedy="leave one of the two out")


@dataclass(frozen=True)
class Candidates:
    """The candidate pairs of a command and the texts of their rows. `reference`: computes those of labelled pairs."""

    left: Sequence[str]
    right: Sequence[str]
    pairs: "Pairs"
    reference: "Callable[[Path], Reference]"


def choose(
    options: PrecisionOptions, candidates: Candidates, limit: float
) -> "tuple[float, Choice | None, list[Decision]]":
    """The threshold to use, its estimate with --labels or --dev, and the decisions of the label file.

    `limit`: the threshold without --precision.

    Raises: ConfigError or DataError if the precision cannot be estimated.
    """
    import numpy as np

    from seqtwin.matching.label_sample import read_labels
    from seqtwin.matching.threshold_choice import choose_by_labels, choose_unlabelled

    target, scores = options.precision, candidates.pairs.scores
    if options.labels:
        file = read_labels(options.labels, candidates.left, candidates.right, candidates.pairs)
        if file.unlabelled:
            count = f"{options.labels}: rows without a decision: {file.unlabelled}"
            console.print_notice(f"{count}; they count as missing at random, so do not leave out the hard pairs")
        choice = choose_by_labels(scores, file, target=target, limit=limit, place=str(options.labels))
        return choice.estimate.threshold, choice, file.decisions
    if options.dev:
        reference, rng = candidates.reference(options.dev), np.random.default_rng(0)
        choice = choose_unlabelled(scores, reference, rng, target=target, limit=limit, place=str(options.dev))
        return choice.estimate.threshold, choice, []
    return limit, None, []


def sample_text(candidates: Candidates, limit: float, count: int) -> str:
    """A sample of the candidate pairs that reach the threshold, as CSV."""
    import numpy as np

    from seqtwin.matching.label_sample import draw_sample
    from seqtwin.matching.match_files import sample_csv

    pairs = candidates.pairs.take(candidates.pairs.scores >= limit)
    sample = draw_sample(pairs.scores, count, np.random.default_rng(0))
    return sample_csv(candidates.left, candidates.right, pairs, sample)


def choice_facts(choice: "Choice | None") -> dict[str, Any]:
    """The estimates as JSON; none without an estimate."""
    if choice is None:
        return {}
    basis: dict[str, Any] = {"basis": choice.basis, "candidate_pairs": choice.candidates}
    basis |= {"labelled_pairs": choice.labelled} if choice.basis == "labels" else {"prevalence": choice.prevalence}
    estimates = [_estimate_facts(estimate) for estimate in choice.others]
    return {"estimate": {**_estimate_facts(choice.estimate), **basis}, "estimates": estimates}


def _estimate_facts(estimate: "Estimate") -> dict[str, Any]:
    shares = {"precision": estimate.precision, "recall": estimate.recall}
    return {
        "threshold": estimate.threshold,
        "linked_pairs": estimate.pairs,
        **{name: _share_facts(share) for name, share in shares.items()},
    }


def _share_facts(share: "Share") -> dict[str, float | None]:
    value = None if share.value != share.value else share.value
    return {"value": value, "low": share.low, "high": share.high}


def print_choice(choice: "Choice | None") -> None:
    """Print the estimated precision, what it is based on, and the estimates at other thresholds."""
    if choice is None:
        return
    own, rows = choice.estimate, sorted(choice.others, key=lambda estimate: -estimate.threshold)
    counts = f"{own.pairs} of {choice.candidates} candidate pairs of texts are linked"
    console.print_line(f"threshold {own.threshold:.6g}: {counts}")
    console.print_line(
        f"estimated precision {_shown(own.precision)}, recall among these candidates {_shown(own.recall)}"
    )
    if choice.basis == "labels":
        console.print_line(f"based on {choice.labelled} labelled pairs of this list")
    else:
        assumed = "assumed: same and different pairs have scores as in the --dev file; the intervals omit that error"
        console.print_line(
            f"estimated without labels of this list, {choice.prevalence:.3f} of the candidates are the same"
        )
        console.print_line(assumed)
    head = ["threshold", "pairs", "precision", "low", "high", "recall"]
    lines = [
        [f"{row.threshold:.6g}", str(row.pairs)]
        + [f"{x:.3f}" for x in (row.precision.value, row.precision.low, row.precision.high, row.recall.value)]
        for row in rows
    ]
    console.print_line(console.table(head, lines))


def _shown(share: "Share") -> str:
    return f"{share.value:.3f} (95 % interval {share.low:.3f} to {share.high:.3f})"


def rows_reference(model: "TrainedEncoder", k: int | None, rerank: bool, dev: Path) -> "Reference":
    """The labelled dev pairs as a list, compared in the same way."""
    from seqtwin.matching.labelled_list import read_labelled_list

    return read_labelled_list(dev, float(model.facts.get("cut", 0.5))).rows_reference(model, k, rerank=rerank)


def lists_reference(model: "TrainedEncoder", keep: int, k: int, rerank: bool, dev: Path) -> "Reference":
    """The labelled dev pairs as two lists, compared in the same way."""
    from seqtwin.matching.labelled_list import read_labelled_list

    return read_labelled_list(dev, float(model.facts.get("cut", 0.5))).lists_reference(model, keep, k, rerank=rerank)
