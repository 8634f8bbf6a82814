"""Any loss of pytorch-metric-learning, with any of its miners, distances and reducers, by name."""

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import ClassVar

import torch
from torch import Tensor, nn

from seqtwin.errors import ConfigError
from seqtwin.lookup import Spec, member
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses.base import Dimension, Loss, Settings, Similarity, text_groups
from seqtwin.training.losses.library import FAMILY, ROUNDING, Part, build_part, ignore_rounding, shown_reducer

log = logging.getLogger(__name__)

Indices = tuple[Tensor, ...]


@dataclass(frozen=True)
class Arguments:
    """The arguments of a loss of the library: `loss(embeddings, labels, indices, ref_emb, ref_labels)`."""

    embeddings: Tensor
    labels: Tensor | None
    indices: Indices | None
    ref_emb: Tensor | None
    ref_labels: Tensor | None


def _given(compared: Compared, same: Tensor) -> Arguments:
    """Only the pairs of the batch: left row i with right row i."""
    p, n = same.nonzero().flatten(), (~same).nonzero().flatten()
    return Arguments(compared.left, None, (p, p, n, n), compared.right, None)


def _batch(compared: Compared, same: Tensor) -> Arguments:
    """Every left with every right: same where they are known to be the same, else different."""
    left, right = text_groups(compared, same).chunk(2)
    return Arguments(compared.left, left, None, compared.right, right)


def _joined(compared: Compared, same: Tensor) -> Arguments:
    """Every text of the batch with every other. Texts known to be the same share a label."""
    return Arguments(torch.cat([compared.left, compared.right]), text_groups(compared, same), None, None, None)


def _positives(compared: Compared, same: Tensor) -> Arguments:
    """Only the same pairs, row by row."""
    return Arguments(compared.left[same], None, None, compared.right[same], None)


# the ways to pass pairs to the library, in the order in which `auto` tries them
PAIRS: dict[str, Callable[[Compared, Tensor], Arguments]] = {
    "given": _given,
    "batch": _batch,
    "joined": _joined,
    "positives": _positives,
}
# a miner selects pairs itself, so it needs labels
MINABLE = ("batch", "joined")


def _count_pairs(arguments: Arguments) -> list[int]:
    """The number of pairs (or triplets) of each kind in the arguments of the loss."""
    from pytorch_metric_learning.utils.loss_and_miner_utils import get_all_pairs_indices

    if arguments.indices is not None:
        return [len(part) for part in arguments.indices]
    if arguments.labels is None:
        return [len(arguments.embeddings)]
    return [len(part) for part in get_all_pairs_indices(arguments.labels, arguments.ref_labels)]


def _too_few(arguments: Arguments) -> bool:
    counts = _count_pairs(arguments)
    return max(counts) <= 1 or min(counts) == 0


def _trains_nothing(value: Tensor, compared: Compared) -> bool:
    """Whether a loss is not finite (the mean of no terms is nan), or its gradients are rounding errors."""
    if not bool(value.isfinite()):
        return True
    sides = [side for side in (compared.left, compared.right) if side.requires_grad]
    if not value.requires_grad or not sides:
        return float(value.abs()) <= ROUNDING
    moved = torch.autograd.grad(value, sides, retain_graph=True, allow_unused=True)
    return all(gradient is None or float(gradient.abs().max()) <= ROUNDING for gradient in moved)


def _shown(distance: object) -> str:
    """A distance with its settings: `LpDistance(normalize_embeddings=True, p=2, power=1)`."""
    settings = (f"{name}={getattr(distance, name)}" for name in ("normalize_embeddings", "p", "power"))
    return f"{type(distance).__name__}({', '.join(settings)})"


def _probe(dim: int) -> tuple[Compared, Tensor]:
    """Sixteen same and sixteen different pairs, near and far ones of both kinds. No loss is already minimal on them."""
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, 32, dim, generator=generator)
    right[::2] = left[::2] + right[::2] / 2
    return Compared(left.requires_grad_(), right.requires_grad_(), (left * right).sum(-1)), torch.arange(32) < 16


# the vectors that every loss has to move
_TO_MOVE = (("left", "same"), ("right", "same"), ("right", "different"))


def _blind_to(compared: Compared, same: Tensor, way: str) -> list[str]:
    """The vectors that get no gradient from a loss, although they should.

    A loss that never moves a negative lets all vectors collapse. One that never moves the rights ignores `ref_emb`.
    """
    sides = {"left": compared.left.grad, "right": compared.right.grad}
    rows = {"same": same, "different": ~same}
    return [
        f"{side} sides of {kind} pairs"
        for side, kind in _TO_MOVE[: 2 if way == "positives" else 3]
        if (gradient := sides[side]) is None or not float(gradient[rows[kind]].abs().max()) > 1e-7
    ]


def _untrainable(cause: str) -> ConfigError:
    remedy = "check margins against the distance (a similarity needs pos_margin above neg_margin), or set pairs"
    return ConfigError("PML_NO_GRADIENT", cause, place="loss", remedy=remedy)


class Pml(Loss):
    """A loss of pytorch-metric-learning by name: `{name: pml, loss: MultiSimilarityLoss, options: {alpha: 2}}`.

    `distance`, `reducer`: a name or `{name: LpDistance, normalize_embeddings: false}`; default: the loss's own.
    `pairs`: how the pairs of a batch are passed to the loss:

    - `given`: only these pairs, as `loss(left, None, (P, P, N, N), ref_emb=right)`, P / N = rows of same / different
      pairs.
    - `batch`: every left with every right. Texts known to be the same share a label, all others differ. Miners need
      this, and so do losses that compare a positive with the negatives of the same anchor (triplets, NTXentLoss).
    - `joined`: like `batch`, with lefts and rights in one set, for losses without `ref_emb`.
    - `positives`: only the same pairs (VICRegLoss).
    - `auto`: the first of these that moves both sides of same pairs and the right sides of different ones.

    A batch can have too few pairs: every index list has a length <= 1, or there are no pairs of one kind. If the
    library then returns nan, or a value without a gradient, the batch is counted in `silent_batches`, and the first
    one causes a warning. A batch of one kind that still trains something (ContrastiveLoss needs no positives) is not
    counted.

    The library's AvgNonZeroReducer, the default of many losses, averages only the terms above 0. Here it averages the
    terms above 1e-6: a rounding error must not decide how many there are. `reducer: MeanReducer` averages all terms.

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
    needs_cut = True
    tuning: ClassVar[Mapping[str, Dimension]] = {}  # the options depend on the loss of the library

    def __init__(
        self,
        space: VectorSpace,
        cut: float,
        similarity: Similarity,
        *,
        loss: str,
        options: Mapping[str, object] | None = None,
        distance: Spec | None = None,
        reducer: Spec | None = None,
        miner: str | None = None,
        miner_options: Mapping[str, object] | None = None,
        pairs: str = "auto",
    ) -> None:
        super().__init__(space, cut, similarity)
        specs = {kind: spec for kind, spec in (("distance", distance), ("reducer", reducer)) if spec}
        inner = {kind: build_part(kind, spec)[0] for kind, spec in specs.items()}
        self.inner, self.part = build_part("loss", {**(options or {}), "name": loss}, **inner)
        ignore_rounding(self.inner.reducer)
        self.mine: nn.Module | None = None
        self.miner: Part | None = None
        if miner:
            self.mine, self.miner = build_part("miner", {**(miner_options or {}), "name": miner})
        self.pairs = self._first_that_trains(pairs)
        # a buffer is saved with the state: a resumed run continues the same draws
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def _first_that_trains(self, pairs: str) -> str:
        """The first way to pass pairs that moves all vectors. Raises: ConfigError when none does."""
        if pairs != "auto":
            return self._checked(pairs)
        reasons = {}
        for way in PAIRS:
            problem = self._problem(way)
            if not problem:
                return way
            reasons[way] = problem if isinstance(problem, str) else f"no gradient reaches the {', '.join(problem)}"
        listed = "; ".join(f"{way}: {reason}" for way, reason in reasons.items())
        raise _untrainable(f"{self.part.name} with these settings cannot be trained on pairs ({listed})")

    def _checked(self, way: str) -> str:
        """The way, if it trains anything. Raises: ConfigError when it does not."""
        member(PAIRS, way, "way to pass pairs")
        problem = self._problem(way)
        if isinstance(problem, str):
            raise _untrainable(f"{self.part.name} cannot be trained with pairs: {way} ({problem})")
        if len(problem) == len(_TO_MOVE):
            raise _untrainable(f"{self.part.name} gives no gradient with pairs: {way}")
        if problem:
            log.warning("%s with pairs: %s gives no gradient to the %s", self.part.name, way, ", ".join(problem))
        return way

    def _problem(self, way: str) -> str | list[str]:
        """The reason why the library refuses pairs passed this way, or the vectors that get no gradient."""
        if self.mine is not None and way not in MINABLE:
            return f"a miner needs pairs: {' or '.join(MINABLE)}"
        compared, same = _probe(self.space.dim)
        untouched = copy.deepcopy(self.inner)
        try:
            torch.autograd.backward(self._run(way, compared, same, seed=0)[0])
        except Exception as error:  # the library raises many kinds of errors, bare assertions too
            return str(error).strip().split("\n")[0] or type(error).__name__
        finally:
            self.inner = untouched
        return _blind_to(compared, same, way)

    def _run(self, way: str, compared: Compared, same: Tensor, seed: int) -> tuple[Tensor, Arguments]:
        """The library's value for a batch, and the arguments it was called with."""
        # miners and some losses draw from the global generator: a seed per step makes their draws reproducible
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            a = self._mine_pairs(PAIRS[way](compared, same))
            value = self.inner(a.embeddings, a.labels, a.indices, a.ref_emb, a.ref_labels)
        if not isinstance(value, Tensor) or value.ndim:
            raise TypeError("the reducer must return one number")
        return value, a

    def _mine_pairs(self, a: Arguments) -> Arguments:
        if self.mine is None:
            return a
        return replace(a, indices=self.mine(a.embeddings, a.labels, a.ref_emb, a.ref_labels))

    def forward(self, compared: Compared, target: Tensor) -> Tensor:
        """The loss of a batch; silent where it has too few pairs to train anything."""
        same = self.same(target)
        if self.pairs == "positives" and int(same.sum()) < 2:
            return self._counted(compared)
        self.steps += 1
        value, arguments = self._run(self.pairs, compared, same, seed=int(self.steps))
        return self._counted(compared) if _too_few(arguments) and _trains_nothing(value, compared) else value

    def _counted(self, compared: Compared) -> Tensor:
        if not self.silent_batches:
            log.warning(
                "%s learns nothing from a batch with too few same or different pairs; such batches are counted; "
                "larger or balanced batches avoid them",
                self.part.name,
            )
        return self.silent(compared)

    @property
    def formula(self) -> str:
        """The library's name of the loss, with every setting. The library's documentation has the formula."""
        parts = [self.part.shown, f"distance {self.used['distance']}", f"reducer {self.used['reducer']}"]
        if self.miner:
            parts.append(f"miner {self.miner.shown}")
        return f"{FAMILY} {self.used['version']}: {', '.join(parts)}, pairs: {self.pairs}, same where >= {self.cut:g}"

    @property
    def settings(self) -> Settings:
        """Names and settings of all parts, including the library's defaults."""
        mined = {"miner": self.miner.name, "miner_options": self.miner.settings} if self.miner else {"miner": None}
        return {"loss": self.part.name, "options": self.part.settings, **self.used, **mined, "pairs": self.pairs}

    @property
    def used(self) -> dict[str, str]:
        """Distance, reducer and version in use. The loss has its own distance and reducer if the config sets none."""
        return {
            "distance": _shown(self.inner.distance),
            "reducer": shown_reducer(self.inner.reducer),
            "version": version(FAMILY),
        }

    def plateau(self, target: Tensor) -> None:
        """None: unknown for the losses of the library in general."""
