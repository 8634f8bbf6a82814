"""The cost of a training is measured without changing what is trained later."""

from pathlib import Path

import pytest
import torch

import tiny
from seqtwin.config import StudyConfig, parse_study
from seqtwin.run.prepare import DataSets
from seqtwin.study import measure_cost as measured
from seqtwin.study.grid import expand_grid
from seqtwin.study.measure_cost import measure_cost
from seqtwin.study.trials import dev_value


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    data: Path = tiny.write_pairs(tmp_path_factory.mktemp("cost") / "data")
    return parse_study({"base": tiny.raw_run(data), "grid": {"loss": ["mse", "bce"]}, "seeds": 1, "tune": False})


def test_the_numbers_of_the_config_and_positive_seconds(config: StudyConfig) -> None:
    threads = torch.get_num_threads()
    cost = measure_cost(expand_grid(config).cells, DataSets())
    assert (cost.rows, cost.batch, cost.epochs, cost.steps) == (96, 16, 3, 18)
    assert min(cost.step, cost.dev, cost.rest) > 0
    assert cost.start >= 4
    assert torch.get_num_threads() == threads


def test_a_training_after_it_is_the_same(config: StudyConfig) -> None:
    cells, data = expand_grid(config).cells, DataSets()
    before = dev_value(cells[0].config, data.prepare(cells[0].config))
    measure_cost(cells, data)
    assert dev_value(cells[0].config, data.prepare(cells[0].config)) == before


def test_a_pairing_that_diverges_is_left_out(config: StudyConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.5, None])
    monkeypatch.setattr(measured, "_step_of", lambda _: next(seconds))
    assert measure_cost(expand_grid(config).cells, DataSets()).step == 0.5
