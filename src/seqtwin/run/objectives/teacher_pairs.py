"""Pairs of texts that judge a student: their target is the similarity that the teacher gives them."""

import numpy as np

MOST_TEXTS = 2000  # of a split: the pairs of more texts would not change the score
PARTNERS = 4  # per text
AT_ONCE = 512


def draw_texts(count: int, rng: np.random.Generator) -> np.ndarray:
    """The texts of a split that are judged: all, or a random sample of 2,000 in the order of the split."""
    return np.sort(rng.permutation(count)[:MOST_TEXTS])


def pair_texts(vectors: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (left, right) of different texts, each pair once, with their targets (1 + cosine) / 2.

    Each text is paired with four of the others. They are drawn by their rank in the order of the teacher, from the most
    to the least similar, with the logarithm of the rank uniform. Random pairs would almost all be unrelated. The
    nearest texts alone would all be related. These pairs cover the range between.

    `vectors`: of the teacher, Float[texts width], at least two rows.

    >>> left, right, target = pair_texts(np.eye(3), np.random.default_rng(0))
    >>> sorted(zip(left.tolist(), right.tolist())), set(target.tolist())
    ([(0, 1), (0, 2), (1, 2)], {0.5})
    """
    directions = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    partners = np.concatenate([
        _partners(directions, rows, rng) for rows in np.array_split(np.arange(len(vectors)), _blocks(len(vectors)))
    ])  # fmt: skip
    both = np.sort(np.stack([np.repeat(np.arange(len(vectors)), partners.shape[1]), partners.ravel()]), axis=0)
    left, right = np.unique(both, axis=1)
    cosines = np.einsum("nd,nd->n", directions[left], directions[right])
    return left, right, np.clip((1 + cosines) / 2, 0.0, 1.0)


def _blocks(count: int) -> int:
    return max(1, count // AT_ONCE)


def _partners(directions: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The drawn partners of some texts: Int[rows partners]."""
    similar = directions[rows] @ directions.T
    similar[np.arange(len(rows)), rows] = -np.inf  # the text itself is last
    order = np.argsort(-similar, axis=1, kind="stable")
    others = len(directions) - 1
    ranks = np.exp(rng.random((len(rows), PARTNERS)) * np.log(others + 1)).astype(np.int64) - 1
    partners: np.ndarray = np.take_along_axis(order, np.minimum(ranks, others - 1), axis=1)
    return partners
