"""PRECISIONS: the number formats of a training, and whether this processor supports them."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

log = logging.getLogger(__name__)


def _bf16(device: str) -> AbstractContextManager[object]:
    return torch.autocast(device, dtype=torch.bfloat16)


def _fp32(_device: str) -> AbstractContextManager[object]:
    return nullcontext()


# from the type of a device to the context of the forward pass
PRECISIONS: dict[str, Callable[[str], AbstractContextManager[object]]] = {"fp32": _fp32, "bf16": _bf16}


def usable_precision(precision: str, model: nn.Module) -> str:
    """The precision itself, or `fp32` with a warning if this processor cannot train the model in it."""
    if precision != "bf16" or can_autocast(model):
        return precision
    log.warning("fit.precision: bf16 is not possible for an LSTM on this processor; training in fp32 instead")
    return "fp32"


def can_autocast(model: nn.Module) -> bool:
    """Whether the model can run under bfloat16 autocast on its device.

    PyTorch runs an LSTM over sequences of equal length by oneDNN, which has no bfloat16 LSTM for processors without
    AVX-512. The first such batch would raise a RuntimeError in the middle of a training.
    """
    has_lstm = any(isinstance(part, nn.LSTM) for part in model.modules())
    on_cpu = next(model.parameters()).device.type == "cpu"
    return not (has_lstm and on_cpu) or _has_bf16_kernels()


def _has_bf16_kernels() -> bool:
    if not torch.backends.mkldnn.is_available():
        return True  # without oneDNN PyTorch uses its own kernels, which support bfloat16 on every processor
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
