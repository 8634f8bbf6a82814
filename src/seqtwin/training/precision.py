"""PRECISIONS: the number formats a training can compute in, and which of them this processor can use."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn

log = logging.getLogger(__name__)


def _bf16(device: str) -> Any:
    return torch.autocast(device, dtype=torch.bfloat16)


def _fp32(_device: str) -> Any:
    return nullcontext()


# a device type -> the context in which the forward pass runs
PRECISIONS: dict[str, Callable[[str], Any]] = {"fp32": _fp32, "bf16": _bf16}


def usable_precision(precision: str, model: nn.Module) -> str:
    """The precision that was asked for, or `fp32` with a warning where this processor cannot train the model in it."""
    if precision != "bf16" or can_autocast(model):
        return precision
    log.warning("fit.precision: bf16 is not possible for an LSTM on this processor; training in fp32 instead")
    return "fp32"


def can_autocast(model: nn.Module) -> bool:
    """Whether the model can run under bfloat16 autocast where its parameters are.

    PyTorch hands an LSTM over sequences of equal length to oneDNN, which has no bfloat16 LSTM for processors without
    AVX-512: the first such batch ends in a RuntimeError, in the middle of a training.
    """
    has_lstm = any(isinstance(part, nn.LSTM) for part in model.modules())
    on_cpu = next(model.parameters()).device.type == "cpu"
    return not (has_lstm and on_cpu) or _has_bf16_kernels()


def _has_bf16_kernels() -> bool:
    if not torch.backends.mkldnn.is_available():
        return True  # without oneDNN, PyTorch's own kernels run, and they know bfloat16 on every processor
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
