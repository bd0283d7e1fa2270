"""Embeddings and similarity matrices as Arrow IPC files: memory-mapped, never copied to be read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rematch.errors import UserError
from rematch.files import replacing

Float32 = npt.NDArray[np.float32]
Block = tuple[Sequence[str], Float32]

AGAIN = "delete the file to have it made again"


@dataclass(frozen=True)
class Embeddings:
    """Vectors by id.

    Attributes:
        ids: n distinct ids.
        vectors: float32 [n, d], each row of L2 norm 1.
        metadata: what made them: model, checkpoint SHA-256, precision and the like.
    """

    ids: tuple[str, ...]
    vectors: Float32
    metadata: Mapping[str, str]


def write_embeddings(embeddings: Embeddings, path: str | os.PathLike[str]) -> None:
    """Write columns `id`, `embedding` (fixed-size list of float32), metadata in the schema."""
    width = embeddings.vectors.shape[1]
    _write(
        path,
        ("id", "embedding"),
        width,
        embeddings.metadata,
        [(embeddings.ids, embeddings.vectors)],
    )


def read_embeddings(path: str | os.PathLike[str]) -> Embeddings:
    """Memory-map an embedding file.

    Raises:
        UserError: the file is no embedding file, or a vector is not finite.
    """
    file = _File(path, ("id", "embedding"))
    blocks = list(file.blocks())
    vectors = blocks[0][1] if len(blocks) == 1 else np.concatenate([block for _, block in blocks])
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        bad = file.ids[int(np.flatnonzero(~finite)[0])]
        raise UserError(f"{path}: the embedding of {bad!r} is not finite; {AGAIN}")
    return Embeddings(file.ids, vectors, file.metadata)


def write_similarity(
    path: str | os.PathLike[str], gallery: Sequence[str], blocks: Iterable[Block]
) -> None:
    """Write blocks of rows (article ids [b], scores [b, gallery]) as they come.

    The gallery's ids stand once, in the schema's metadata. Only a block is ever in memory.
    """
    metadata = {"gallery": json.dumps(list(gallery))}
    _write(path, ("article_id", "scores"), len(gallery), metadata, blocks)


class Similarity:
    """A memory-mapped similarity file: scores of every article with every photo of the gallery.

    Attributes:
        article_ids: n distinct ids, in the order of the rows.
        gallery: m distinct image ids, in the order of the columns.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = _File(path, ("article_id", "scores"))
        self.path = os.fspath(path)
        self.article_ids = self._file.ids
        self.gallery: tuple[str, ...] = tuple(json.loads(self._file.metadata["gallery"]))
        self._row = {article: row for row, article in enumerate(self.article_ids)}
        self._column = {image: column for column, image in enumerate(self.gallery)}

    def blocks(self) -> Iterator[Block]:
        """The file's blocks in order: article ids [b], float32 scores [b, m], views of the file."""
        return self._file.blocks()

    def take(self, articles: Sequence[str], gallery: Sequence[str]) -> Float32:
        """The scores of these articles and photos, by id: float32 [len(articles), len(gallery)].

        Raises:
            UserError: an article or photo is not in the file.
        """
        try:
            rows = [self._row[article] for article in articles]
            same = tuple(gallery) == self.gallery
            columns = None if same else [self._column[image] for image in gallery]
        except KeyError as error:
            raise UserError(f"{self.path}: no score for {error.args[0]!r}; {AGAIN}") from None
        block = self._file.rows(rows)
        return block if columns is None else block[:, columns]


class _File:
    """Record batches of (string id, fixed-size list of float32), memory-mapped."""

    def __init__(self, path: str | os.PathLike[str], columns: tuple[str, str]) -> None:
        try:
            self._reader = pa.ipc.open_file(pa.memory_map(os.fspath(path)))
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(f"{path}: cannot be read ({error}); {AGAIN}") from None
        schema = self._reader.schema
        if schema.names != list(columns):
            raise UserError(f"{path}: columns {schema.names}, not {list(columns)}; {AGAIN}")
        self.width: int = schema.field(1).type.list_size
        self.metadata = {
            key.decode(): value.decode() for key, value in (schema.metadata or {}).items()
        }
        self._batches = [
            self._reader.get_batch(index) for index in range(self._reader.num_record_batches)
        ]
        self.ids: tuple[str, ...] = tuple(
            item for batch in self._batches for item in batch.column(0).to_pylist()
        )
        if len(set(self.ids)) != len(self.ids):
            raise UserError(f"{path}: an id occurs twice; {AGAIN}")
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])

    def _matrix(self, index: int) -> Float32:
        values = self._batches[index].column(1).flatten()
        matrix: Float32 = values.to_numpy(zero_copy_only=True).reshape(-1, self.width)
        return matrix

    def blocks(self) -> Iterator[Block]:
        for index in range(len(self._batches)):
            yield self.ids[self._starts[index] : self._starts[index + 1]], self._matrix(index)

    def rows(self, rows: Sequence[int]) -> Float32:
        wanted = np.asarray(rows, dtype=np.int64)
        batches = np.searchsorted(self._starts, wanted, side="right") - 1
        out = np.empty((len(wanted), self.width), dtype=np.float32)
        for index in np.unique(batches):
            mask = batches == index
            out[mask] = self._matrix(int(index))[wanted[mask] - self._starts[index]]
        return out


def _write(
    path: str | os.PathLike[str],
    columns: tuple[str, str],
    width: int,
    metadata: Mapping[str, str],
    blocks: Iterable[Block],
) -> None:
    kind = pa.list_(pa.float32(), width)
    schema = pa.schema([(columns[0], pa.string()), (columns[1], kind)], dict(metadata))
    with (
        replacing(path) as beside,
        pa.OSFile(str(beside), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        for ids, block in blocks:
            flat = pa.array(np.ascontiguousarray(block, dtype=np.float32).ravel())
            vectors = pa.FixedSizeListArray.from_arrays(flat, type=kind)
            pair = [pa.array(ids, pa.string()), vectors]
            writer.write_batch(pa.record_batch(pair, schema=schema))
