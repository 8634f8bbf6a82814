"""Number formats: which one `auto` is, and where a vector in bfloat16 depends on nothing but its sequence."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from seqtwin.model.precision import independent_in_bf16, is_faster_in_bf16, usable_precision

WIDE = 128


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def has(**capabilities: bool) -> None:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)

    return has


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16"), ({"avx512_f": True}, "fp32"), ({}, "fp32")],
)
def test_auto_is_bf16_where_the_processor_multiplies_in_it(
    capabilities: dict[str, bool], expected: str, processor: Callable[..., None]
) -> None:
    processor(**capabilities)
    assert usable_precision("auto", nn.LSTM(4, WIDE)) == expected


@pytest.mark.parametrize(
    "model",
    [nn.LSTM(4, 48), nn.GRU(4, WIDE), nn.LSTM(4, WIDE, proj_size=16), nn.LSTM(4, 100), nn.Linear(4, 4)],
    ids=str,
)
def test_auto_is_fp32_for_other_networks(model: nn.Module, processor: Callable[..., None]) -> None:
    processor(avx512_bf16=True)
    assert not is_faster_in_bf16(model)
    assert usable_precision("auto", model) == "fp32"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_is_named_is_taken(precision: str, processor: Callable[..., None]) -> None:
    processor()
    assert usable_precision(precision, nn.GRU(4, 8)) == precision


def test_all_lstms_of_a_model_count() -> None:
    assert independent_in_bf16(nn.ModuleList([nn.LSTM(4, 64), nn.LSTM(4, 32)]))
    assert not independent_in_bf16(nn.ModuleList([nn.LSTM(4, 64), nn.LSTM(4, 16)]))
