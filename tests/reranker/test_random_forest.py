"""A forest of arrays predicts what scikit-learn's forest predicts."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from seqtwin.reranker.fit_reranker import as_arrays
from seqtwin.reranker.random_forest import Forest

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 4)).astype(np.float32)
FITTED = RandomForestRegressor(7, max_leaf_nodes=20, random_state=0).fit(ROWS, ROWS[:, 0] > ROWS[:, 1])
FOREST = as_arrays(FITTED)


def test_as_scikit_learn() -> None:
    new = RNG.normal(size=(2500, 4))
    np.testing.assert_allclose(FOREST.predict(new), FITTED.predict(new), atol=1e-12)
    # a value on a threshold goes to the same side
    np.testing.assert_allclose(FOREST.predict(ROWS), FITTED.predict(ROWS), atol=1e-12)


def test_a_row_does_not_depend_on_the_others() -> None:
    assert FOREST.predict(ROWS[:1]).tolist() == FOREST.predict(ROWS)[:1].tolist()
    assert FOREST.predict(ROWS[:0]).shape == (0,)


@pytest.mark.parametrize(
    "broken",
    [
        replace(FOREST, lower=np.zeros_like(FOREST.lower)),  # a circle
        replace(FOREST, upper=FOREST.upper + len(FOREST.upper)),
        replace(FOREST, roots=FOREST.roots - 1),
        replace(FOREST, value=FOREST.value[:-1]),
        replace(FOREST, threshold=np.full_like(FOREST.threshold, np.nan)),
        replace(FOREST, feature=FOREST.feature - 1),
    ],
)
def test_nodes_that_do_not_fit_are_noticed(broken: Forest) -> None:
    assert FOREST.is_sound
    assert not broken.is_sound
