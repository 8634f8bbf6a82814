"""Products of matrices on the CPU, by the faster library of this processor, in few shapes.

PyTorch 2.13 leaves products of float32 to MKL, which does not use AVX-512 on processors of other makers than Intel.
oneDNN, which is part of PyTorch, does, and is about twice as fast there. It builds a kernel for each shape when it
first meets the shape, which takes as long as several products. So numbers of rows are rounded up: `height`.

A row of a product does not depend on the other rows then: only with one to three rows both libraries add up in another
order.
"""

import os
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

LEAST = 4  # rows of a product
PARTS = 16  # heights between a power of two and the next
LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
LEAST_NUMBERS = 2**14  # of a weight, from which oneDNN is faster: a hidden width of 64


def granule(rows: int) -> int:
    """Heights near this number of rows are multiples of this.

    >>> [granule(rows) for rows in (1, 100, 128, 1000)]
    [4, 4, 8, 32]
    """
    return max(LEAST, 2 ** rows.bit_length() // (2 * PARTS))


def height(rows: int) -> int:
    """The number of rows, rounded up: by 1/16 at most where there are many.

    >>> [height(rows) for rows in (0, 1, 4, 99, 1000)]
    [0, 4, 4, 100, 1024]
    """
    unit = granule(rows)
    return -(-rows // unit) * unit


def padded(rows: Tensor) -> Tensor:
    """The rows, followed by rows of zeros up to their height."""
    missing = height(len(rows)) - len(rows)
    return nn.functional.pad(rows, (0, 0, 0, missing)) if missing else rows


def product(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """rows [m k] times weight [n k], transposed, plus bias [n]: [m n].

    `m` and `k` are heights, or widths of the model.
    """
    if suits_onednn(weight.numel(), rows.dtype):
        return _by_onednn(rows, weight, bias)
    return rows @ weight.t() if bias is None else torch.addmm(bias, rows, weight.t())


def product_and(rows: Tensor, weight: Tensor, more: Tensor) -> Tensor:
    """The product plus `more` [m n], whose number format it has."""
    if suits_onednn(weight.numel(), rows.dtype) and rows.dtype == more.dtype:
        found: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, more, weight, None, "add")
        return found
    return more + product(rows, weight)


def product_over_rows(wide: Tensor, narrow: Tensor) -> Tensor:
    """wide [m n], transposed, times narrow [m k]: [n k]. oneDNN copies its first factor here: the narrow one."""
    if suits_onednn(wide.shape[1] * narrow.shape[1], wide.dtype):
        return _by_onednn(narrow.t(), wide.t(), None).t()
    return wide.t() @ narrow


def suits_onednn(numbers: int, dtype: torch.dtype) -> bool:
    """Whether oneDNN is the faster library for products with so many weights. Its calls take longer than MKL's."""
    if dtype == torch.bfloat16:
        return _has_onednn() and _has_bf16()
    return _has_onednn() and dtype == torch.float32 and numbers >= LEAST_NUMBERS


def _by_onednn(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return found


@cache
def _has_onednn() -> bool:
    """Whether oneDNN may use AVX-512, and this PyTorch has its product: without AVX-512 MKL is as fast."""
    has_product = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    is_limited = any(name in os.environ for name in LIMITS)
    return has_product and not is_limited and torch.backends.cpu.get_cpu_capability().startswith("AVX512")


@cache
def _has_bf16() -> bool:
    """Whether oneDNN may make products of bfloat16: `ONEDNN_MAX_CPU_ISA` can forbid it."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def linear(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """rows [m k] times weight [n k], transposed, plus bias [n]: [m n], with gradients."""
    mapped: Tensor = _Linear.apply(rows, weight, bias)  # type: ignore[no-untyped-call]
    return mapped


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weight)
        return product(padded(rows), weight, bias)[: len(rows)]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        needs_rows, needs_weight, needs_bias = ctx.needs_input_grad
        grown = padded(gradient)
        return (
            product(grown, weight.t())[: len(rows)] if needs_rows else None,
            product_over_rows(grown, padded(rows)) if needs_weight else None,
            gradient.sum(0) if needs_bias else None,
        )
