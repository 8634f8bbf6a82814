"""PRECISIONS: the number formats of a training and of encoding, and which of them this processor computes faster."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

log = logging.getLogger(__name__)

NARROWEST = 96  # hidden width from which bfloat16 is faster; below, little of the time is in products
LANES = 32  # numbers that PyTorch computes at once; the sigmoid of the rest is rounded differently


def _bf16(device: str) -> AbstractContextManager[object]:
    return torch.autocast(device, dtype=torch.bfloat16)


def _fp32(_device: str) -> AbstractContextManager[object]:
    return nullcontext()


# from the type of a device to the context of the forward pass
PRECISIONS: dict[str, Callable[[str], AbstractContextManager[object]]] = {"fp32": _fp32, "bf16": _bf16}
AUTO = "auto"


def usable_precision(precision: str, model: nn.Module) -> str:
    """The precision in which this processor computes the model: `fp32` or `bf16`.

    `auto` is bf16 where that is faster. bf16 becomes fp32, with a warning, where it is not possible.
    """
    if precision == AUTO:
        return "bf16" if is_faster_in_bf16(model) else "fp32"
    if precision != "bf16" or can_autocast(model):
        return precision
    log.warning("precision bf16 is not possible for an LSTM on this processor; computing in fp32 instead")
    return "fp32"


def is_faster_in_bf16(model: nn.Module) -> bool:
    """Whether the model has a wide LSTM on a CPU with instructions for products of bfloat16."""
    if next(model.parameters()).device.type != "cpu" or not _has_bf16_products():
        return False
    lstms = _lstms(model)
    return independent_in_bf16(model) and all(lstm.hidden_size >= NARROWEST for lstm in lstms)


def independent_in_bf16(model: nn.Module) -> bool:
    """Whether a vector in bfloat16 does not depend on the other sequences of its batch.

    The products of `lstm/recurrence.py` are the same in every batch. So is a sigmoid, for a multiple of `LANES`
    numbers. Any difference in the last bit of float32 can become one of bfloat16.
    """
    lstms = _lstms(model)
    return bool(lstms) and all(not lstm.proj_size and lstm.hidden_size % LANES == 0 for lstm in lstms)


def can_autocast(model: nn.Module) -> bool:
    """Whether the model can run under bfloat16 autocast on its device.

    PyTorch runs an LSTM over sequences of equal length by oneDNN, which has no bfloat16 LSTM for processors without
    AVX-512. The first such batch of a decoder would raise a RuntimeError in the middle of a training.
    """
    on_cpu = next(model.parameters()).device.type == "cpu"
    return not (_lstms(model) and on_cpu) or _has_bf16_kernels()


def _lstms(model: nn.Module) -> list[nn.LSTM]:
    return [part for part in model.modules() if isinstance(part, nn.LSTM)]


def _has_bf16_products() -> bool:
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def _has_bf16_kernels() -> bool:
    if not torch.backends.mkldnn.is_available():
        return True  # without oneDNN PyTorch uses its own kernels, which support bfloat16 on every processor
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
