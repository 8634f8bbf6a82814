"""Which code the libraries run on this processor, in one line, with checksums of what it computes."""

import zlib

import torch
from torch import Tensor


def describe() -> str:
    """What PyTorch reports, and a checksum for each library; where two are equal, both rounded alike."""
    bf16 = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    x = torch.arange(1.0, 65 * 65 + 1).reshape(65, 65).reciprocal()
    drawn = torch.randn(65, 65, generator=torch.Generator().manual_seed(0))
    sums = {"PyTorch": drawn.softmax(1), "MKL": x @ (x + 1).T, "oneDNN": _states(x)}
    return ", ".join(
        [
            f"kernels {torch.backends.cpu.get_cpu_capability()}",
            f"bfloat16 LSTM {'yes' if bf16 else 'no'}",
            *(f"{name} {_checksum(value)}" for name, value in sums.items()),
        ]
    )


@torch.no_grad()
def _states(x: Tensor) -> Tensor:
    lstm = torch.nn.LSTM(65, 8)
    for weights in lstm.parameters():
        weights.copy_(torch.arange(1.0, weights.numel() + 1).reshape(weights.shape).reciprocal())
    return lstm(x[:, None])[0]


def _checksum(value: Tensor) -> str:
    return f"{zlib.crc32(value.contiguous().numpy().tobytes()):08x}"
