"""The one door to pytorch-metric-learning: any of its losses, with any miner, distance and reducer, by name."""

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.errors import ConfigError
from seqtwin.lookup import Spec, member
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.base import Loss, Similarity, text_groups
from seqtwin.training.losses.library import FAMILY, ROUNDING, Part, build_part, ignore_rounding, shown_reducer

log = logging.getLogger(__name__)

Indices = tuple[Tensor, ...]


@dataclass(frozen=True)
class Handed:
    """What the library is called with: `loss(embeddings, labels, indices, ref_emb, ref_labels)`."""

    embeddings: Tensor
    labels: Tensor | None
    indices: Indices | None
    ref_emb: Tensor | None
    ref_labels: Tensor | None


def _given(compared: Compared, same: Tensor) -> Handed:
    """The pairs of the batch and no others: left row i with right row i."""
    p, n = same.nonzero().flatten(), (~same).nonzero().flatten()
    return Handed(compared.left, None, (p, p, n, n), compared.right, None)


def _batch(compared: Compared, same: Tensor) -> Handed:
    """Every left against every right: the same when known to be, else different."""
    left, right = text_groups(compared, same).chunk(2)
    return Handed(compared.left, left, None, compared.right, right)


def _joined(compared: Compared, same: Tensor) -> Handed:
    """All texts of the batch against each other, labelled by what is known to be the same."""
    return Handed(torch.cat([compared.left, compared.right]), text_groups(compared, same), None, None, None)


def _positives(compared: Compared, same: Tensor) -> Handed:
    """The same pairs alone, row by row two views of one thing."""
    return Handed(compared.left[same], None, None, compared.right[same], None)


# how pairs can be handed over, in the order in which `auto` tries them
PAIRS: dict[str, Callable[[Compared, Tensor], Handed]] = {
    "given": _given,
    "batch": _batch,
    "joined": _joined,
    "positives": _positives,
}
# a miner looks for pairs itself
MINABLE = ("batch", "joined")


def _pair_lists(handed: Handed) -> list[int]:
    """How many pairs (or triplets) of each kind the loss gets to see."""
    from pytorch_metric_learning.utils.loss_and_miner_utils import get_all_pairs_indices

    if handed.indices is not None:
        return [len(part) for part in handed.indices]
    if handed.labels is None:
        return [len(handed.embeddings)]
    return [len(part) for part in get_all_pairs_indices(handed.labels, handed.ref_labels)]


def _too_few(handed: Handed) -> bool:
    counts = _pair_lists(handed)
    return max(counts) <= 1 or min(counts) == 0


def _trains_nothing(value: Tensor, compared: Compared) -> bool:
    """Whether a loss moves no vector but by a rounding error, or is not finite: the mean of no terms is nan."""
    if not bool(value.isfinite()):
        return True
    sides = [side for side in (compared.left, compared.right) if side.requires_grad]
    if not value.requires_grad or not sides:
        return float(value.abs()) <= ROUNDING
    moved = torch.autograd.grad(value, sides, retain_graph=True, allow_unused=True)
    return all(gradient is None or float(gradient.abs().max()) <= ROUNDING for gradient in moved)


def _shown(distance: Any) -> str:
    """A distance as built: `LpDistance(normalize_embeddings=True, p=2, power=1)`."""
    settings = (f"{name}={getattr(distance, name)}" for name in ("normalize_embeddings", "p", "power"))
    return f"{type(distance).__name__}({', '.join(settings)})"


def _probe(dim: int) -> tuple[Compared, Tensor]:
    """Sixteen same and sixteen different pairs, near and far ones among both: every loss has something to mend."""
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, 32, dim, generator=generator)
    right[::2] = left[::2] + right[::2] / 2
    return Compared(left.requires_grad_(), right.requires_grad_(), (left * right).sum(-1)), torch.arange(32) < 16


# what every loss has to move
_OUGHT = (("left", "same"), ("right", "same"), ("right", "different"))


def _blind_to(compared: Compared, same: Tensor, way: str) -> list[str]:
    """Which vectors a loss ought to move and does not.

    A loss that never moves a negative lets everything collapse; one that never reads the right sides ignores `ref_emb`.
    """
    sides = {"left": compared.left.grad, "right": compared.right.grad}
    rows = {"same": same, "different": ~same}
    return [
        f"{side} sides of {kind} pairs"
        for side, kind in _OUGHT[: 2 if way == "positives" else 3]
        if (gradient := sides[side]) is None or not float(gradient[rows[kind]].abs().max()) > 1e-7
    ]


def _untrainable(cause: str) -> ConfigError:
    remedy = "check margins against the distance (a similarity wants pos_margin above neg_margin), or set pairs"
    return ConfigError("PML_NO_GRADIENT", cause, place="loss", remedy=remedy)


class Pml(Loss):
    """A loss of pytorch-metric-learning by name: `{name: pml, loss: MultiSimilarityLoss, options: {alpha: 2}}`.

    `distance`, `reducer`: a name or `{name: LpDistance, normalize_embeddings: false}`; default: the loss's own.
    `pairs` says what the loss sees. `given`: only the pairs of the batch, `loss(left, None, (P, P, N, N),
    ref_emb=right)`, P / N = rows of same / different pairs. `batch`: every left against every right, where texts known
    to be the same share a label and all others differ; losses that set a positive against the negatives of the same
    anchor (triplets, NTXentLoss) need this, and miners choose from it. `joined`: the same with lefts and rights in one
    set, for losses without `ref_emb`. `positives`: the same pairs alone (VICRegLoss). `auto` takes the first of these
    that moves both sides of same pairs and the right sides of different ones.

    A batch with too few pairs (every index list of length <= 1, or one kind of pair missing) for which the library
    returns nan, or a value without a gradient, is counted in `silent_batches` and warned of once. One-sided batches
    that still train something (ContrastiveLoss pushes negatives apart without any positive) are not.

    The library's AvgNonZeroReducer, the default of many losses, averages only the terms above 0. Here these are the
    terms above 1e-6, or a rounding error decided how many there are. `reducer: MeanReducer` averages all of them.

    Raises: ConfigError for unknown names and options, for losses that need classes, and for combinations that give no
    gradient on any pairs.
    Source: Musgrave, Belongie, Lim 2020 (PyTorch Metric Learning).

    >>> from seqtwin.model.distances import cosine
    >>> space = VectorSpace(dim=2, bound=None, unit=False, similarity="cosine", low=-1.0, high=1.0)
    >>> Pml(space, 0.5, cosine, loss="ContrastiveLoss").pairs, Pml(space, 0.5, cosine, loss="TripletMarginLoss").pairs
    ('given', 'batch')
    """

    steps: Tensor

    needs_only_same = True  # most losses of the library find their negatives in the batch

    def __init__(
        self,
        space: VectorSpace,
        cut: float,
        similarity: Similarity,
        *,
        loss: str,
        options: Mapping[str, Any] | None = None,
        distance: Spec | None = None,
        reducer: Spec | None = None,
        miner: str | None = None,
        miner_options: Mapping[str, Any] | None = None,
        pairs: str = "auto",
    ) -> None:
        super().__init__(space, cut, similarity)
        asked = {kind: spec for kind, spec in (("distance", distance), ("reducer", reducer)) if spec}
        inner = {kind: build_part(kind, spec)[0] for kind, spec in asked.items()}
        self.inner, self.part = build_part("loss", {**(options or {}), "name": loss}, **inner)
        ignore_rounding(self.inner.reducer)
        self.mine: nn.Module | None = None
        self.miner: Part | None = None
        if miner:
            self.mine, self.miner = build_part("miner", {**(miner_options or {}), "name": miner})
        self.pairs = self._first_that_trains(pairs)
        # a buffer, so that a resumed run draws on where it stopped
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def _first_that_trains(self, pairs: str) -> str:
        """The first way to hand pairs over that moves all vectors. Raises: ConfigError when none does."""
        if pairs != "auto":
            return self._as_asked(pairs)
        reasons = {}
        for way in PAIRS:
            blind = self._tried(way)
            if not blind:
                return way
            reasons[way] = blind if isinstance(blind, str) else f"no gradient reaches the {', '.join(blind)}"
        listed = "; ".join(f"{way}: {reason}" for way, reason in reasons.items())
        raise _untrainable(f"{self.part.name} with these settings cannot be trained on pairs ({listed})")

    def _as_asked(self, way: str) -> str:
        """The way itself, when it trains at all. Raises: ConfigError when it does not."""
        member(PAIRS, way, "way to hand over pairs")
        blind = self._tried(way)
        if isinstance(blind, str):
            raise _untrainable(f"{self.part.name} cannot be trained with pairs: {way} ({blind})")
        if len(blind) == len(_OUGHT):
            raise _untrainable(f"{self.part.name} gives no gradient with pairs: {way}")
        if blind:
            log.warning("%s with pairs: %s gives no gradient to the %s", self.part.name, way, ", ".join(blind))
        return way

    def _tried(self, way: str) -> str | list[str]:
        """Why the library refuses pairs handed over this way, or the vectors that it then does not move."""
        if self.mine is not None and way not in MINABLE:
            return f"a miner needs pairs: {' or '.join(MINABLE)}"
        compared, same = _probe(self.space.dim)
        untouched = copy.deepcopy(self.inner)
        try:
            torch.autograd.backward(self._run(way, compared, same, seed=0)[0])
        except Exception as error:  # the library refuses in many ways, bare assertions among them
            return str(error).strip().split("\n")[0] or type(error).__name__
        finally:
            self.inner = untouched
        return _blind_to(compared, same, way)

    def _run(self, way: str, compared: Compared, same: Tensor, seed: int) -> tuple[Tensor, Handed]:
        """The library's value for a batch, and what it was given."""
        # miners and some losses draw from the global generator: their draws belong to the step, not to the process
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            handed = self._mined(PAIRS[way](compared, same))
            h = handed
            value = self.inner(h.embeddings, h.labels, h.indices, h.ref_emb, h.ref_labels)
        if not isinstance(value, Tensor) or value.ndim:
            raise TypeError("the reducer must give one number")
        return value, handed

    def _mined(self, handed: Handed) -> Handed:
        if self.mine is None:
            return handed
        found = self.mine(handed.embeddings, handed.labels, handed.ref_emb, handed.ref_labels)
        return replace(handed, indices=found)

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch; silent where too few pairs leave nothing to train."""
        same = self.same(target)
        if self.pairs == "positives" and int(same.sum()) < 2:
            return self._counted(compared)
        self.steps += 1
        value, handed = self._run(self.pairs, compared, same, seed=int(self.steps))
        return self._counted(compared) if _too_few(handed) and _trains_nothing(value, compared) else value

    def _counted(self, compared: Compared) -> Tensor:
        if not self.silent_batches:
            log.warning(
                "%s learns nothing from a batch with too few pairs of a kind: such batches are counted; "
                "larger or balanced batches avoid it",
                self.part.name,
            )
        return self.silent(compared)

    @property
    def formula(self) -> str:
        """The library's name of it, with every setting: its formula stands in the library's documents."""
        parts = [self.part.shown, f"distance {self.used['distance']}", f"reducer {self.used['reducer']}"]
        if self.miner:
            parts.append(f"miner {self.miner.shown}")
        return f"{FAMILY} {self.used['version']}: {', '.join(parts)}, pairs: {self.pairs}, same where >= {self.cut:g}"

    @property
    def settings(self) -> dict[str, Any]:
        """Names and resolved settings of all parts, the library's defaults included."""
        mined = {"miner": self.miner.name, "miner_options": self.miner.settings} if self.miner else {"miner": None}
        return {"loss": self.part.name, "options": self.part.settings, **self.used, **mined, "pairs": self.pairs}

    @property
    def used(self) -> dict[str, str]:
        """Distance, reducer and version in use, the loss's own ones where none was asked for."""
        return {
            "distance": _shown(self.inner.distance),
            "reducer": shown_reducer(self.inner.reducer),
            "version": version(FAMILY),
        }

    def plateau(self, target: Tensor) -> None:
        """None: not known for a loss of the library in general."""
