"""Embeddings and similarity matrices as Arrow IPC files: memory-mapped, never copied to be read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rematch.errors import AGAIN, UserError
from rematch.forms import Block, Embeddings, Float32
from rematch.storage.files import replacing

EMBEDDING = ("id", "embedding")


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
    _write(path, EMBEDDING, vectors.width, vectors.metadata, vectors.blocks)


def write_embeddings(embeddings: Embeddings, path: str | os.PathLike[str]) -> None:
    """Write embeddings as `write_vectors` does."""
    blocks = [(embeddings.ids, embeddings.vectors)]
    write_vectors(Vectors(embeddings.vectors.shape[1], embeddings.metadata, blocks), path)


def read_embeddings(path: str | os.PathLike[str]) -> Embeddings:
    """Memory-map an embedding file.

    Raises:
        UserError: the file is no embedding file, or a vector is not finite.
    """
    file = _File(path, EMBEDDING)
    blocks = list(file.blocks())
    vectors = blocks[0][1] if len(blocks) == 1 else np.concatenate([block for _, block in blocks])
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        bad = file.ids[int(np.flatnonzero(~finite)[0])]
        raise UserError(f"{path}: the embedding of {bad!r} is not finite; {AGAIN}")
    return Embeddings(file.ids, vectors, file.metadata)


def write_similarity(
    path: str | os.PathLike[str],
    gallery: Sequence[str],
    blocks: Iterable[Block],
    made_by: str = "",
) -> None:
    """Write blocks of rows (article ids [b], scores [b, gallery]) as they come.

    The gallery's ids stand once, in the schema's metadata, and so does the lineage `made_by` of
    the job. Only a block is ever in memory.
    """
    metadata = {"gallery": json.dumps(list(gallery)), "made_by": made_by}
    _write(path, ("article_id", "scores"), len(gallery), metadata, blocks)


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
        self._file = _File(path, EMBEDDING, checked=True)
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


class Similarity:
    """A similarity file: scores of every article with every photo of the gallery.

    A block is read when it is asked for, and only the last one is held: several such files may be
    larger together than the memory.

    Attributes:
        article_ids: n distinct ids, in the order of the rows.
        gallery: m distinct image ids, in the order of the columns.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = _File(path, ("article_id", "scores"), mapped=False)
        self.path = os.fspath(path)
        self.article_ids = self._file.ids
        self.gallery: tuple[str, ...] = tuple(json.loads(self._file.metadata["gallery"]))
        self._row = {article: row for row, article in enumerate(self.article_ids)}
        self._column = {image: column for column, image in enumerate(self.gallery)}

    def blocks(self) -> Iterator[Block]:
        """The file's blocks in order: article ids [b], float32 scores [b, m]."""
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
    """Record batches of (string id, fixed-size list of float32).

    `checked`: leave out the batches that do not fit their checksum, or cannot be read. `mapped`:
    memory-mapped, else read batch by batch, which leaves no pages behind.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        columns: tuple[str, str],
        checked: bool = False,
        mapped: bool = True,
    ) -> None:
        self._batches: list[pa.RecordBatch] = []
        self.damaged = 0
        ids: list[str] = []
        ends = [0]
        self._path, self._mapped = path, mapped
        self._last: tuple[int, Float32] | None = None
        try:
            named = os.fspath(path)
            ids_alone = pa.ipc.IpcReadOptions(included_fields=[0])
            source = pa.memory_map(named) if mapped else pa.OSFile(named)
            self._reader = pa.ipc.open_file(source)
            of_ids = self._reader if mapped else pa.ipc.open_file(named, options=ids_alone)
            schema = self._reader.schema
            if schema.names != list(columns) or not _is_vectors(schema):
                raise UserError(
                    f"{path}: columns {schema.names}, not vectors in {list(columns)}; {AGAIN}"
                )
            for index in range(self._reader.num_record_batches):
                try:
                    batch, said = of_ids.get_batch_with_custom_metadata(index)
                    batch.validate(full=True)
                except (pa.ArrowException, OSError):
                    if not checked:
                        raise
                    self.damaged += 1
                    continue
                if checked and dict(said or {}).get(b"sha256") != _checksum(batch, schema):
                    self.damaged += 1
                    continue
                ids += batch.column(0).to_pylist()
                ends.append(len(ids))
                if mapped:
                    self._batches.append(batch)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from None
        self.width: int = schema.field(1).type.list_size
        self.metadata = {
            key.decode(): value.decode() for key, value in (schema.metadata or {}).items()
        }
        self.ids: tuple[str, ...] = tuple(ids)
        if len(set(self.ids)) != len(self.ids):
            raise UserError(f"{path}: an id occurs twice; {AGAIN}")
        self._starts = np.array(ends)

    def _matrix(self, index: int) -> Float32:
        if self._last is not None and self._last[0] == index:
            return self._last[1]
        try:
            batch = self._batches[index] if self._mapped else self._reader.get_batch(index)
            values = batch.column(1).flatten()
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self._path, error) from None
        matrix: Float32 = values.to_numpy(zero_copy_only=True).reshape(-1, self.width)
        return matrix

    def blocks(self) -> Iterator[Block]:
        for index in range(len(self._starts) - 1):
            self._last = index, self._matrix(index)  # who gets it may take some of it next
            yield self.ids[self._starts[index] : self._starts[index + 1]], self._last[1]
        self._last = None

    def rows(self, rows: Sequence[int]) -> Float32:
        wanted = np.asarray(rows, dtype=np.int64)
        batches = np.searchsorted(self._starts, wanted, side="right") - 1
        out = np.empty((len(wanted), self.width), dtype=np.float32)
        for index in np.unique(batches):
            mask = batches == index
            out[mask] = self._matrix(int(index))[wanted[mask] - self._starts[index]]
        return out


def _unreadable(path: str | os.PathLike[str], error: Exception) -> UserError:
    said = [*str(error).splitlines(), type(error).__name__][0]
    return UserError(f"{path}: cannot be read ({said}); {AGAIN}")


def _write(
    path: str | os.PathLike[str],
    columns: tuple[str, str],
    width: int,
    metadata: Mapping[str, str],
    blocks: Iterable[Block],
) -> None:
    if width < 1:  # Arrow would end the process
        raise UserError(
            f"{path}: there is no photo to compare with; rejects.parquet of the corpus says why"
        )
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
            batch = pa.record_batch(pair, schema=schema)
            writer.write_batch(batch, {"sha256": _checksum(batch, schema).decode()})


def _is_vectors(schema: pa.Schema) -> bool:
    ids, vectors = schema.types
    fixed = pa.types.is_fixed_size_list(vectors) and vectors.value_type == pa.float32()
    return bool(fixed and ids == pa.string() and vectors.list_size > 0)


def _checksum(batch: pa.RecordBatch, schema: pa.Schema) -> bytes:
    """SHA-256, in hexadecimal, of what a block holds and of what is said of the file."""
    digest = hashlib.sha256(repr(sorted((schema.metadata or {}).items())).encode())
    digest.update(repr(batch.column(0).to_pylist()).encode())
    values = batch.column(1).flatten()
    digest.update(values.to_numpy(zero_copy_only=True).tobytes())
    return digest.hexdigest().encode()
