"""What a student of benchmarks/taught_classes.py learns from, and the teacher that has the mean of some weights."""

import importlib
from collections.abc import Collection
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest
import torch
from torch import nn

ROOT = Path(__file__).parent.parent
TREC = {"train": "Who made film", "dev": "Who ran", "test": "What is film"}


def benchmark(name: str) -> ModuleType:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
        return importlib.import_module(name)


TAUGHT, TEACHER = benchmark("taught_classes"), benchmark("question_teacher")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trec").mkdir()
    for split, text in TREC.items():
        table = pd.DataFrame({"text": [text], "label": ["HUM"], "fine_label": ["HUM:ind"]})
        table.to_csv(tmp_path / "trec" / f"{split}.csv", index=False)
    monkeypatch.setenv("SEQTWIN_DATA", str(tmp_path))
    others = [*TREC.values(), "How far is it", " ".join(["long"] * 17)]
    monkeypatch.setattr(TAUGHT, "texts_of", lambda _data, _split: others)
    monkeypatch.setattr(TAUGHT, "words_of", lambda _texts: SimpleNamespace(near={"film": ["movie"]}))
    monkeypatch.setattr(importlib.import_module("changed_texts"), "COMMON", 0)


def test_questions_of_trec_and_long_ones_are_not_labelled() -> None:
    assert TAUGHT.texts_to_label(TAUGHT.Lesson()) == (["How far is it"], ["Who made movie"])
    assert TAUGHT.texts_to_label(TAUGHT.Lesson(others=False, copies=0)) == ([], [])


def test_true_labels_occur_twice_next_to_those_of_the_teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Teacher:
        def label(self, texts: Collection[str]) -> list[str]:
            return ["NUM"] * len(texts)

    monkeypatch.setattr(TAUGHT, "RUNS", tmp_path)
    monkeypatch.setattr(TAUGHT, "averaged_teacher", lambda _count: Teacher())
    rows = pd.read_csv(TAUGHT.labelled_questions(TAUGHT.Lesson()))
    assert rows["text"].tolist() == ["Who made film"] * 2 + ["How far is it", "Who made movie"]
    assert rows["label"].tolist() == ["HUM"] * 2 + ["NUM"] * 2


def test_the_averaged_teacher_has_the_mean_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    states = [{"weight": torch.full((1, 1), float(seed)), "bias": torch.ones(1)} for seed in (1, 2, 6)]
    monkeypatch.setattr(TEACHER, "tuned_weights", states.__getitem__)
    monkeypatch.setattr(TEACHER, "new_teacher", lambda: nn.Linear(1, 1))
    model = TEACHER.averaged_teacher(3)
    assert [value.item() for value in model.state_dict().values()] == [3, 1]
