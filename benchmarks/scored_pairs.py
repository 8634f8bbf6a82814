"""Pairs of the train texts that a teacher scores: each text with some of its nearest ones.

They teach what the texts of a random batch cannot: which of two similar pairs is more similar. A pair of dev or test is
left out, in both orders.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqtwin.config import RunConfig
from seqtwin.files import publish_text
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import PreparedTexts

RANKS = (1, 2, 4, 8, 16)  # of the neighbours that a text is paired with
AT_ONCE = 1024
SCALE = (1.0, 5.0)  # that of SICK, whose dev pairs choose the epoch


def scored_pairs(config: RunConfig, path: Path, held_out: Sequence[str]) -> Path:
    """A file of pairs of the train texts of a config of `distil`: the columns left, right, score.

    The score is the cosine of the teacher, at least 0, on the scale of SICK. `held_out`: data sets whose pairs of dev
    and test are left out. A file that exists is taken as it is.
    """
    if not path.exists():
        texts, vectors = taught_texts(config)
        pairs = near_pairs(vectors)
        known = {frozenset(pair) for data in held_out for pair in _held_out(data)}
        fresh = [frozenset((texts[one], texts[other])) not in known for one, other in pairs]
        pairs = pairs[np.array(fresh)]
        cosine = (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(1)
        low, high = SCALE
        table = pd.DataFrame(
            {
                "left": [texts[row] for row in pairs[:, 0]],
                "right": [texts[row] for row in pairs[:, 1]],
                "score": (low + (high - low) * np.clip(cosine, 0, 1)).round(4),
            }
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        publish_text(path, table.to_csv(index=False))
    return path


def taught_texts(config: RunConfig) -> tuple[list[str], np.ndarray]:
    """The train texts, and the teacher's vectors of length 1: Float[texts width]."""
    prepared = prepare(config)
    assert isinstance(prepared, PreparedTexts)
    texts = [prepared.data.items[row] for row in prepared.data.rows("train")]
    vectors = np.asarray(prepared.stores["train"].target, dtype=np.float32)
    return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def near_pairs(vectors: np.ndarray) -> np.ndarray:
    """The rows of each text and of its neighbours of RANKS, every pair once: Int[pairs 2]."""
    found = []
    for start in range(0, len(vectors), AT_ONCE):
        own = np.arange(start, min(start + AT_ONCE, len(vectors)))
        cosine = vectors[own] @ vectors.T
        cosine[np.arange(len(own)), own] = -np.inf
        near = np.argpartition(-cosine, max(RANKS), axis=1)[:, : max(RANKS)]
        order = np.take_along_axis(cosine, near, 1).argsort(1)[:, ::-1]
        chosen = np.take_along_axis(near, order, 1)[:, [rank - 1 for rank in RANKS]]
        found.append(np.stack([own.repeat(len(RANKS)), chosen.ravel()], axis=1))
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _held_out(data: str) -> list[tuple[str, str]]:
    folder = Path(os.environ["SEQTWIN_DATA"]) / data
    tables = [pd.read_csv(folder / f"{split}.csv", keep_default_na=False) for split in ("dev", "test")]
    return [pair for table in tables for pair in zip(table["left"], table["right"], strict=True)]
