"""Texts that begin alike, as a tree: what they share is computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

ENDS = 8
"""The most texts that share a pass."""

LAST = 32
"""Rows of the last block that are computed at once."""

ROUND = 16
"""Attention is computed over multiples of so many positions."""


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
