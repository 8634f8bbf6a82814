"""Changed requests to the service, as many as CI has time for; and that a fault of the service is noticed."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from fuzz_requests import drawn_request, fuzz

from seqtwin.inference.base_encoder import BaseEncoder


def test_no_changed_request_is_a_fault_of_the_service() -> None:
    found = fuzz(400, seed=3)
    assert found["wrong"] == []
    assert 0.2 * 400 < found["refused"] < 0.9 * 400  # type: ignore[operator]


def test_a_fault_of_the_service_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(BaseEncoder, "score", broken)
    wrong = fuzz(60, seed=0)["wrong"]
    assert isinstance(wrong, list)
    assert any(line.startswith("status 500: POST /similarity") for line in wrong)


def test_the_requests_have_every_kind_of_change() -> None:
    draw = np.random.default_rng(0)
    drawn = [drawn_request(draw) for _ in range(2000)]
    paths = Counter(sent.path for sent in drawn)
    assert {"/v1/embeddings", "/similarity", "/search", "/explain", "/docs"} <= set(paths)
    assert len({sent.method for sent in drawn}) >= 8
    assert len({sent.content for sent in drawn}) > 1000
    again = np.random.default_rng(0)
    assert drawn[:50] == [drawn_request(again) for _ in range(50)]
