"""Embeddings as Arrow files: memory-mapped, never copied to be read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rematch.errors import AGAIN, UserError
from rematch.forms import Block, Embeddings, Float32
from rematch.storage.blocks import BlockFile, write_blocks

COLUMNS = ("id", "embedding")


@dataclass(frozen=True)
class Vectors:
    """Vectors by id as they come, for which there need not be room in memory.

    Attributes:
        width: d.
        metadata: what made them.
        blocks: ids [b] and float32 [b, d], to be read once.
    """

    width: int
    metadata: Mapping[str, str]
    blocks: Iterable[Block]


def gathered(vectors: Vectors) -> Embeddings:
    """The same in memory."""
    blocks = list(vectors.blocks)
    ids = tuple(name for names, _ in blocks for name in names)
    empty = np.empty((0, vectors.width), dtype=np.float32)
    rows = np.concatenate([empty, *(block for _, block in blocks)])
    return Embeddings(ids, rows, vectors.metadata)


def write_vectors(vectors: Vectors, path: str | os.PathLike[str]) -> None:
    """Write columns `id`, `embedding` (fixed-size list of float32), metadata in the schema."""
    write_blocks(path, COLUMNS, vectors.width, vectors.metadata, vectors.blocks)


def read_embeddings(path: str | os.PathLike[str]) -> Embeddings:
    """Memory-map an embedding file.

    Raises:
        UserError: the file is no embedding file, or a vector is not finite.
    """
    file = BlockFile(path, COLUMNS)
    blocks = list(file.blocks())
    vectors = blocks[0][1] if len(blocks) == 1 else np.concatenate([block for _, block in blocks])
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        bad = file.ids[int(np.flatnonzero(~finite)[0])]
        raise UserError(f"{path}: the embedding of {bad!r} is not finite; {AGAIN}")
    return Embeddings(file.ids, vectors, file.metadata)


def metadata_of(path: str | os.PathLike[str]) -> Mapping[str, str]:
    """What an embedding file says of itself, without its vectors.

    Raises:
        UserError: the file is no embedding file.
    """
    return BlockFile(path, COLUMNS).metadata


class Store:
    """A memory-mapped embedding file that serves vectors by key.

    It outlives the run that wrote it, so each block is held against its checksum, and counts as
    not there where that does not fit.

    Attributes:
        width: d.
        metadata: what made them.
        keys: all that it holds.
        damaged: number of blocks that do not fit their checksum.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = BlockFile(path, COLUMNS, checked=True)
        self.damaged = self._file.damaged
        self.width, self.metadata = self._file.width, self._file.metadata
        self._row = {key: row for row, key in enumerate(self._file.ids)}
        self.keys = self._row.keys()

    def blocks(self) -> Iterator[Block]:
        """All of it: keys [b], float32 [b, d], views of the file."""
        return self._file.blocks()

    def take(self, keys: Sequence[str]) -> Float32:
        """The vectors of these keys, float32 [len(keys), d].

        Raises:
            KeyError: one is not there.
        """
        return self._file.rows([self._row[key] for key in keys])
