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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional

QUICK = 1.702
"""QuickGELU(x) = x sigmoid(1.702 x), which is swish(1.702 x) / 1.702."""

ENDS = 8
"""The most texts that share a pass."""
LAST = 32
"""Rows of the last block that are computed at once."""
ROUND = 16
"""Attention is computed over multiples of so many positions."""

PACKED = (torch.float32, torch.bfloat16)

Linear = tuple[torch.Tensor, torch.Tensor | None]
"""Weight [out, in] and bias [out]."""


@dataclass
class Tree:
    """Texts that begin alike.

    Attributes:
        content: tokens of the longest, without its last, the end token.
        ends: of each text its number among all, its end token, and how many of `content` it has.
    """

    content: Sequence[int]
    ends: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.content) + len(self.ends)


def grown(texts: Sequence[Sequence[int]]) -> list[Tree]:
    """Trees of texts, each given by its tokens with the end token last; short trees first."""
    trees: list[Tree] = []
    # In this order a text stands right before the texts that it is the beginning of.
    for index in sorted(range(len(texts)), key=lambda index: (texts[index][:-1], index)):
        content, end = texts[index][:-1], texts[index][-1]
        last = trees[-1] if trees else None
        if last and len(last.ends) < ENDS and content[: len(last.content)] == last.content:
            last.content = content
        else:
            last = Tree(content)
            trees.append(last)
        last.ends.append((index, end, len(content)))
    return sorted(trees, key=lambda tree: (len(tree.content), tree.content))


def tiled(trees: Sequence[Tree], rows: int) -> Iterator[list[Tree]]:
    """Trees in groups of at most so many rows (a tree alone may not have more)."""
    tile: list[Tree] = []
    for tree in trees:
        if tile and sum(other.rows for other in tile) + tree.rows > rows:
            yield tile
            tile = []
        tile.append(tree)
    if tile:
        yield tile


def texts_of(trees: Sequence[Tree]) -> list[int]:
    """The numbers of a tile's texts, in the order of their embeddings."""
    return [index for tree in trees for index, _, _ in tree.ends]


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


def text_weights(model: Any) -> TextWeights | None:
    """The text tower of a CLIP of `clip`, `open_clip` or `transformers`; None for other models."""
    try:
        if hasattr(model, "text_model"):
            text = model.text_model
            return TextWeights(
                blocks=_of_transformers(text.encoder.layers),
                positions=text.embeddings.position_embedding.weight,
                norm=text.final_layer_norm,
                projection=model.text_projection.weight.T,
                embedding=text.embeddings.token_embedding.weight,
            )
        text = getattr(model, "text", model)
        pool = getattr(text, "pool_type", getattr(text, "text_pool_type", "argmax"))
        if getattr(text, "attn_mask", ...) is None or pool not in ("argmax", "eos"):
            return None  # each position sees all, or the embedding is read elsewhere
        return TextWeights(
            blocks=_of_openai(text.transformer.resblocks),
            positions=text.positional_embedding,
            norm=text.ln_final,
            projection=text.text_projection,
            embedding=text.token_embedding.weight,
        )
    except AttributeError:
        return None


def photo_weights(model: Any) -> PhotoWeights | None:
    """The vision transformer of a CLIP of `clip`, `open_clip` or `transformers`; or None."""
    try:
        if hasattr(model, "vision_model"):
            vision = model.vision_model
            return PhotoWeights(
                blocks=_of_transformers(vision.encoder.layers),
                positions=vision.embeddings.position_embedding.weight,
                norm=vision.post_layernorm,
                projection=model.visual_projection.weight.T,
                patches=vision.embeddings.patch_embedding.weight,
                class_embedding=vision.embeddings.class_embedding,
                norm_before=vision.pre_layrnorm,
            )
        vision = model.visual
        return PhotoWeights(
            blocks=_of_openai(vision.transformer.resblocks),
            positions=vision.positional_embedding,
            norm=vision.ln_post,
            projection=vision.proj,
            patches=vision.conv1.weight,
            class_embedding=vision.class_embedding,
            norm_before=vision.ln_pre,
        )
    except AttributeError:
        return None


def _of_openai(blocks: Any) -> Iterator[BlockWeights]:
    """Blocks of `clip` and `open_clip`."""
    for block in blocks:
        attention, mlp = block.attn, block.mlp
        yield BlockWeights(
            norm1=block.ln_1,
            qkv=(attention.in_proj_weight, attention.in_proj_bias),
            out=(attention.out_proj.weight, attention.out_proj.bias),
            norm2=block.ln_2,
            up=(mlp.c_fc.weight, mlp.c_fc.bias),
            down=(mlp.c_proj.weight, mlp.c_proj.bias),
            heads=attention.num_heads,
            activation="quick_gelu" if type(mlp.gelu).__name__ == "QuickGELU" else "gelu",
        )
        _emptied(block)


def _of_transformers(layers: Any) -> Iterator[BlockWeights]:
    """Blocks of `transformers`."""
    for layer in layers:
        attention, mlp = layer.self_attn, layer.mlp
        parts = [attention.q_proj, attention.k_proj, attention.v_proj]
        yield BlockWeights(
            norm1=layer.layer_norm1,
            qkv=(
                torch.cat([part.weight for part in parts]),
                torch.cat([part.bias for part in parts]),
            ),
            out=(attention.out_proj.weight, attention.out_proj.bias),
            norm2=layer.layer_norm2,
            up=(mlp.fc1.weight, mlp.fc1.bias),
            down=(mlp.fc2.weight, mlp.fc2.bias),
            heads=attention.num_heads,
            activation=attention.config.hidden_act,
        )
        _emptied(layer)


def _emptied(module: nn.Module) -> None:
    """Free a block that has been packed: a large model is never in memory twice."""
    for parameter in module.parameters():
        parameter.data = parameter.data.new_empty(0)
