"""The layers of a transformer: products with packed weights, norms, blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

QUICK = 1.702
"""QuickGELU(x) = x sigmoid(1.702 x), which is swish(1.702 x) / 1.702."""

PACKED = (torch.float32, torch.bfloat16)

Linear = tuple[torch.Tensor, torch.Tensor | None]
"""Weight [out, in] and bias [out]."""


class Dense:
    """A linear layer, and the activation after it, in one data type."""

    def __init__(
        self, linear: Linear, dtype: torch.dtype, device: str, rows: int, activation: str = "none"
    ) -> None:
        weight, bias = linear
        weight = weight.detach()
        bias = weight.new_zeros(len(weight)) if bias is None else bias.detach()
        self._activation = activation
        self._weight = weight.to(device, dtype).contiguous()
        self._bias = bias.to(device, dtype)
        self._packed = device == "cpu" and dtype in PACKED and _packs(dtype)
        if self._packed:
            self._weight = torch.ops.mkldnn._reorder_linear_weight(self._weight, rows)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self._packed:
            algorithm = "none" if self._activation == "gelu" else ""
            packed: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
                x, self._weight, self._bias, self._activation, [], algorithm
            )
            return packed
        return ACTIVATIONS[self._activation](functional.linear(x, self._weight, self._bias))


ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda x: x,
    "gelu": functional.gelu,
    "swish": functional.silu,
}


def _packs(dtype: torch.dtype) -> bool:
    """Whether oneDNN is there and computes this data type on this processor."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return dtype != torch.bfloat16 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class Norm:
    """A layer normalisation."""

    def __init__(self, norm: nn.LayerNorm, dtype: torch.dtype, device: str) -> None:
        self._shape, self._eps = list(norm.normalized_shape), norm.eps
        self._weight = norm.weight.detach().to(device, dtype)
        self._bias = norm.bias.detach().to(device, dtype)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x, self._shape, self._weight, self._bias, self._eps)


@dataclass(frozen=True)
class Numbers:
    """How a tower computes.

    Attributes:
        dtype: of the products.
        device: "cpu", "cuda" or "mps".
        rows: of a tile.
    """

    dtype: torch.dtype
    device: str
    rows: int

    @property
    def wide(self) -> torch.dtype:
        """Of what is carried from block to block: rounding there would add up."""
        return torch.float64 if self.dtype == torch.float64 else torch.float32


@dataclass(frozen=True)
class BlockWeights:
    """A residual attention block as its library has it; `up` is followed by the activation."""

    norm1: nn.LayerNorm
    qkv: Linear
    out: Linear
    norm2: nn.LayerNorm
    up: Linear
    down: Linear
    heads: int
    activation: str


class Block:
    """x + attention(norm1(x)), and then x + mlp(norm2(x)); x [rows, width]."""

    def __init__(self, weights: BlockWeights, numbers: Numbers) -> None:
        up, down, activation = weights.up, weights.down, weights.activation
        if activation == "quick_gelu":
            up = (_scaled(up[0], QUICK), None if up[1] is None else _scaled(up[1], QUICK))
            down = (_scaled(down[0], 1 / QUICK), down[1])
            activation = "swish"

        def dense(linear: Linear, activation: str = "none") -> Dense:
            return Dense(linear, numbers.dtype, numbers.device, numbers.rows, activation)

        self._dtype, self._heads = numbers.dtype, weights.heads
        self._norm1 = Norm(weights.norm1, numbers.wide, numbers.device)
        self._norm2 = Norm(weights.norm2, numbers.wide, numbers.device)
        self._qkv, self._out = dense(weights.qkv), dense(weights.out)
        self._up, self._down = dense(up, activation), dense(down)

    def attended(self, x: torch.Tensor, attend: Attend) -> torch.Tensor:
        """Of each row what attention gives it, [rows, width]."""
        return attend(self._qkv(self._norm1(x).to(self._dtype)), self._heads)

    def rest(self, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """The block's output for rows of x and what attention gave these."""
        x = x + self._out(attended)
        return x + self._down(self._up(self._norm2(x).to(self._dtype)))

    def __call__(self, x: torch.Tensor, attend: Attend) -> torch.Tensor:
        return self.rest(x, self.attended(x, attend))


Attend = Callable[[torch.Tensor, int], torch.Tensor]
"""Queries, keys and values side by side [rows, 3 width], and the heads -> [rows, width]."""


def _scaled(tensor: torch.Tensor, factor: float) -> torch.Tensor:
    # In float64, so that only one rounding is added.
    return tensor.detach().double() * factor
