"""CLIP's two towers, computed faster than the libraries compute them, and to the same numbers.

Four things make the difference, none of which changes the result beyond float rounding:

- The text tower is causal, so a text's states do not depend on what follows. Texts that begin alike
  (the first 10, 20, 30 and 40 words of one article) share one pass: the longest is computed once,
  and each of the others adds its end token alone, which sees its own beginning only.
- No position of padding is computed outside attention.
- Of the last block, only the states that become embeddings are computed.
- On a CPU, weights are packed once in the order in which oneDNN reads them.

A tile always has the same number of rows, so that an embedding does not depend on its company.
The architecture is that of Radford et al. 2021, "Learning Transferable Visual Models From Natural
Language Supervision", section 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from rematch.embed.models.layers import Attend, Block, BlockWeights, Dense, Norm, Numbers
from rematch.embed.models.trees import ENDS, LAST, ROUND, Tree, grown, tiled


@dataclass(frozen=True)
class Weights:
    """What both towers have, as their library has it; the blocks are read one by one.

    `norm` and `projection` make embeddings of what leaves the last block.
    """

    blocks: Iterator[BlockWeights]
    positions: torch.Tensor
    norm: nn.LayerNorm
    projection: torch.Tensor


@dataclass(frozen=True)
class TextWeights(Weights):
    """A causal text tower."""

    embedding: torch.Tensor


class Tower:
    """What both towers do."""

    def __init__(self, weights: Weights, numbers: Numbers) -> None:
        self._numbers = numbers
        self._positions = self._placed(weights.positions)
        self._norm = Norm(weights.norm, numbers.wide, numbers.device)
        self._projection = self._placed(weights.projection)
        self._blocks = [Block(block, numbers) for block in weights.blocks]

    def _placed(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.detach().to(self._numbers.device, self._numbers.wide)

    def _through(self, x: torch.Tensor, attend: Attend) -> tuple[torch.Tensor, torch.Tensor]:
        """What comes to the last block, and what its attention gives; both [rows, width]."""
        for block in self._blocks[:-1]:
            x = block(x, attend)
        return x, self._blocks[-1].attended(x, attend)

    def _embedded(self, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        """Of those rows of `_through` that become embeddings, these."""
        return self._norm(self._blocks[-1].rest(x, attended)) @ self._projection


class TextTower(Tower):
    """A causal text tower: a tile of trees -> embeddings [n, dimension], not normalised."""

    def __init__(self, weights: TextWeights, numbers: Numbers) -> None:
        super().__init__(weights, numbers)
        self._embedding = self._placed(weights.embedding)

    def tiles(self, texts: Sequence[Sequence[int]]) -> Iterator[list[Tree]]:
        """Texts, each given by its tokens up to and with its end token, as they are computed."""
        return tiled(grown(texts), self._numbers.rows)

    @torch.inference_mode()
    def __call__(self, trees: Sequence[Tree]) -> torch.Tensor:
        """Embed the texts of a tile, in the order of `texts_of`."""
        longest = max(len(tree.content) for tree in trees)
        span = -(-longest // ROUND) * ROUND
        width, rows = span + ENDS, self._numbers.rows
        # Where each row stands: its token, its position, and its slot in attention, which has
        # `span` slots for the content of a tree and then one for each end.
        tokens: list[int] = []
        positions: list[int] = []
        slots: list[int] = []
        last: list[int] = []
        sees = torch.zeros(len(trees), 1, width, width, dtype=torch.bool)
        sees[:, :, :span, :span] = torch.ones(span, span, dtype=torch.bool).tril()
        sees[:, :, range(span, width), range(span, width)] = True
        for number, tree in enumerate(trees):
            start, length = number * width, len(tree.content)
            tokens += tree.content
            positions += range(length)
            slots += range(start, start + length)
            for slot, (_, end, seen) in enumerate(tree.ends, span):
                last.append(len(tokens))
                tokens.append(end)
                positions.append(seen)
                slots.append(start + slot)
                sees[number, 0, slot, :seen] = True
        n, ends = len(tokens), len(last)
        place: Any = {"device": self._numbers.device}
        at, sees = torch.tensor(slots, **place), sees.to(**place)

        def attend(qkv: torch.Tensor, heads: int) -> torch.Tensor:
            wide = qkv.shape[1] // 3
            spread = qkv.new_zeros(len(trees) * width, 3 * wide)
            spread[at] = qkv[:n]
            q, k, v = spread.view(len(trees), width, 3, heads, -1).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=sees)
            out = qkv.new_zeros(rows, wide)
            out[:n] = mixed.transpose(1, 2).reshape(-1, wide)[at]
            return out

        fill = [0] * (rows - n)
        x = self._embedding[torch.tensor(tokens + fill, **place)]
        x = x + self._positions[torch.tensor(positions + fill, **place)]
        x, attended = self._through(x, attend)
        parts = []
        for start in range(0, ends, LAST):
            part = last[start : start + LAST]
            at_last = torch.tensor([*part, *([part[0]] * (LAST - len(part)))], **place)
            parts.append(self._embedded(x[at_last], attended[at_last]))
        return torch.cat(parts)[:ends]


@dataclass(frozen=True)
class PhotoWeights(Weights):
    """A vision transformer."""

    patches: torch.Tensor
    class_embedding: torch.Tensor
    norm_before: nn.LayerNorm


class PhotoTower(Tower):
    """A vision transformer: pixels [tile, 3, h, w] -> embeddings [tile, dimension]."""

    def __init__(self, weights: PhotoWeights, numbers: Numbers) -> None:
        super().__init__(weights, numbers)
        self._side = weights.patches.shape[-1]
        flat = weights.patches.detach().flatten(1)
        self._patches = Dense((flat, None), numbers.dtype, numbers.device, numbers.rows)
        self._class = self._placed(weights.class_embedding)
        self._before = Norm(weights.norm_before, numbers.wide, numbers.device)

    @torch.inference_mode()
    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Embed as many photos as the tile has."""
        n, side = len(pixels), self._side
        high, wide = pixels.shape[2] // side, pixels.shape[3] // side
        x = pixels.to(self._numbers.dtype)[:, :, : high * side, : wide * side]
        x = x.reshape(n, 3, high, side, wide, side).permute(0, 2, 4, 1, 3, 5)
        x = self._patches(x.reshape(n * high * wide, -1)).to(self._numbers.wide)
        first = self._class.expand(n, 1, -1)
        x = torch.cat([first, x.view(n, high * wide, -1)], dim=1) + self._positions
        length = x.shape[1]
        x = self._before(x.flatten(0, 1))

        def attend(qkv: torch.Tensor, heads: int) -> torch.Tensor:
            q, k, v = qkv.view(n, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(q, k, v)
            return mixed.transpose(1, 2).reshape(n * length, -1)

        x, attended = self._through(x, attend)
        return self._embedded(x[::length], attended[::length])
