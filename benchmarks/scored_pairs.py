"""Pairs of a data set that a teacher scores, with the labelled ones: a file for each data set of distil.py.

They are pairs of near texts, of a text and its changed copies (changed_texts.py) and of two random texts. They teach
what the texts of a random batch cannot: which of two similar pairs is more similar. A pair of dev or test is left out,
in both orders. Source: Thakur et al. 2021 (augmented SBERT).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from changed_texts import changed_texts
from tune_teacher import TASKS, Task, read_pairs, texts_of

from seqtwin.files import publish_text
from seqtwin.teachers.cached_vectors import vectors_by
from seqtwin.teachers.teacher import Teacher

RANDOM = 5000  # pairs of two random texts
AT_ONCE = 1024
Pair = tuple[str, str]


@dataclass(frozen=True)
class Mixture:
    """The parts of the pairs of a data set.

    `ranks`: of the neighbours that a train text is paired with; `changed_ranks`: the same among train texts and copies.
    `copies`: changed copies per text. `labelled`: how often the labelled pairs are in the file, with their scores.
    `rescored`: how often they are, with the scores of the teacher.
    """

    copies: int
    labelled: int = 0
    rescored: int = 0
    ranks: tuple[int, ...] = (1, 2, 4, 8, 16)
    changed_ranks: tuple[int, ...] = ()


MIXTURES: Mapping[str, Mixture] = {
    "sick": Mixture(copies=4, labelled=3, changed_ranks=(1, 4, 16)),
    "stsb": Mixture(copies=2, labelled=3),
    "qqp": Mixture(copies=2, rescored=2, ranks=(1, 2, 4, 8)),
}


@dataclass(frozen=True)
class Taught:
    """Texts with the vectors of a teacher, of length 1: Float[texts width]."""

    texts: list[str]
    vectors: np.ndarray
    rows: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {text: row for row, text in enumerate(self.texts)})

    def of(self, texts: list[str]) -> np.ndarray:
        """The vectors of some of the texts."""
        found: np.ndarray = self.vectors[[self.rows[text] for text in texts]]
        return found

    def cosines(self, pairs: list[Pair]) -> np.ndarray:
        """The cosine of each pair."""
        found: np.ndarray = (self.of([left for left, _ in pairs]) * self.of([right for _, right in pairs])).sum(1)
        return found


def copies_of_texts() -> dict[str, list[Pair]]:
    """The train texts of each data set with their changed copies. No copy is a text of dev or test."""
    rng = np.random.default_rng(0)
    held_out = {text for data in MIXTURES for split in ("dev", "test") for text in texts_of(data, split)}
    return {
        data: changed_texts(texts_of(data, "train"), mixture.copies, held_out, rng)
        for data, mixture in MIXTURES.items()
    }


def write_scored_pairs(teacher: Teacher, folder: Path) -> dict[str, Path]:
    """A file per data set, with the columns left, right and score or label. Files that exist are taken as they are.

    A score is the cosine of the teacher, at least 0, on the scale of the data set.
    """
    paths = {data: folder / f"{data}-scored-pairs.csv" for data in MIXTURES}
    if not all(path.exists() for path in paths.values()):
        folder.mkdir(parents=True, exist_ok=True)
        copies = copies_of_texts()
        taught = teach_texts(teacher, copies, folder.parent / "teacher-vectors")
        for data, path in paths.items():
            publish_text(path, pairs_of(data, taught, copies[data]).to_csv(index=False))
    return paths


def teach_texts(teacher: Teacher, copies: Mapping[str, list[Pair]], cache: Path) -> Taught:
    """All train texts and their changed copies."""
    own = sorted({text for data in MIXTURES for text in texts_of(data, "train")})
    changed = sorted({copy for pairs in copies.values() for _, copy in pairs} - set(own))
    vectors = np.concatenate([vectors_by(teacher, texts, cache) for texts in (own, changed)])
    return Taught([*own, *changed], vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def pairs_of(data: str, taught: Taught, copies: list[Pair]) -> pd.DataFrame:
    """The pairs of a data set with their scores: those of the teacher, and the labelled ones."""
    mixture, task = MIXTURES[data], TASKS[data]
    low, high = task.scale or (0, 1)
    train = read_pairs(data, "train")
    labelled = list(zip(train.left, train.right, strict=True))
    pairs = unlabelled_pairs(data, taught, copies) + labelled * mixture.rescored
    scored = pd.DataFrame(pairs, columns=["left", "right"])
    scored[column_of(task)] = (low + (high - low) * np.clip(taught.cosines(pairs), 0, 1)).round(4)
    own = pd.DataFrame({"left": train.left, "right": train.right, column_of(task): low + (high - low) * train.target})
    return pd.concat([scored, *[own] * mixture.labelled])


def column_of(task: Task) -> str:
    """The column of the scores or labels of a data set."""
    return "score" if task.scale else "label"


def unlabelled_pairs(data: str, taught: Taught, copies: list[Pair]) -> list[Pair]:
    """Pairs of near texts, of texts and copies, and of random texts, each once; none is a pair of dev or test."""
    mixture, own = MIXTURES[data], texts_of(data, "train")
    known = {frozenset(pair) for split in ("dev", "test") for pair in _pairs_in(data, split)}
    random = np.random.default_rng(0).integers(0, len(own), (RANDOM, 2))
    every = [
        *near_pairs(own, taught.of(own), mixture.ranks),
        *copies,
        *((own[one], own[other]) for one, other in random if one != other),
    ]
    if mixture.changed_ranks:
        texts = [*own, *dict.fromkeys(copy for _, copy in copies)]
        every += near_pairs(texts, taught.of(texts), mixture.changed_ranks)
    unique = dict.fromkeys((min(pair), max(pair)) for pair in every)
    return [pair for pair in unique if frozenset(pair) not in known]


def near_pairs(texts: list[str], vectors: np.ndarray, ranks: tuple[int, ...]) -> list[Pair]:
    """Each text with its neighbours of these ranks, every pair once. `vectors`: of length 1, Float[texts width]."""
    found = []
    for start in range(0, len(vectors), AT_ONCE):
        own = np.arange(start, min(start + AT_ONCE, len(vectors)))
        cosine = vectors[own] @ vectors.T
        cosine[np.arange(len(own)), own] = -np.inf
        near = np.argpartition(-cosine, max(ranks), axis=1)[:, : max(ranks)]
        order = np.take_along_axis(cosine, near, 1).argsort(1)[:, ::-1]
        chosen = np.take_along_axis(near, order, 1)[:, [rank - 1 for rank in ranks]]
        found.append(np.stack([own.repeat(len(ranks)), chosen.ravel()], axis=1))
    pairs = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    return [(texts[one], texts[other]) for one, other in pairs]


def _pairs_in(data: str, split: str) -> list[Pair]:
    pairs = read_pairs(data, split)
    return list(zip(pairs.left, pairs.right, strict=True))
