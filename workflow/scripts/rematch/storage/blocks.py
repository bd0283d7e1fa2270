"""Arrow files of blocks: a string id and a float32 vector of fixed length in each row."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rematch.errors import AGAIN, UserError
from rematch.forms import Block, Float32
from rematch.storage.files import replacing, unreadable


class BlockFile:
    """Such a file, to be read.

    Attributes:
        ids: all that it holds, distinct, in its order.
        width: length of a vector.
        metadata: what is said of the file.
        damaged: number of blocks that were left out.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        columns: tuple[str, str],
        checked: bool = False,
        mapped: bool = True,
    ) -> None:
        """Read its ids, and what is said of it.

        Args:
            path: of the file.
            columns: names of the ids and the vectors.
            checked: leave out the blocks that do not fit their checksum, or cannot be read.
            mapped: map the file into memory; else a block is read when it is asked for, and no
                pages stay behind.

        Raises:
            UserError: it is no such file, or cannot be read.
        """
        self._path, self.damaged = path, 0
        self._last: tuple[int, Float32] | None = None
        self._batches: list[pa.RecordBatch] = []
        name = os.fspath(path)
        ids: list[str] = []
        ends = [0]
        try:
            self._reader = pa.ipc.open_file(pa.memory_map(name) if mapped else pa.OSFile(name))
            schema = self._reader.schema
            if schema.names != list(columns) or not _is_vectors(schema):
                raise UserError(
                    f"{path}: columns {schema.names}, not vectors in {list(columns)}; {AGAIN}"
                )
            source = self._reader
            if not mapped:
                options = pa.ipc.IpcReadOptions(included_fields=[0])
                source = pa.ipc.open_file(name, options=options)
            for batch in self._whole(source, schema, checked):
                ids += batch.column(0).to_pylist()
                ends.append(len(ids))
                if mapped:
                    self._batches.append(batch)
            said = schema.metadata or {}
            self.metadata = {key.decode(): value.decode() for key, value in said.items()}
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise unreadable(path, error) from None
        self.width: int = schema.field(1).type.list_size
        self.ids: tuple[str, ...] = tuple(ids)
        if len(set(self.ids)) != len(self.ids):
            raise UserError(f"{path}: an id occurs twice; {AGAIN}")
        self._starts = np.array(ends)

    def _whole(
        self, source: pa.ipc.RecordBatchFileReader, schema: pa.Schema, checked: bool
    ) -> Iterator[pa.RecordBatch]:
        for index in range(source.num_record_batches):
            try:
                batch, said = source.get_batch_with_custom_metadata(index)
                batch.validate(full=True)
            except (pa.ArrowException, OSError):
                if not checked:
                    raise
                self.damaged += 1
                continue
            if checked and dict(said or {}).get(b"sha256") != _checksum(batch, schema):
                self.damaged += 1
            else:
                yield batch

    def blocks(self) -> Iterator[Block]:
        """All of it, in order: ids [b], float32 [b, width], which nobody may change."""
        for index in range(len(self._starts) - 1):
            self._last = index, self._block(index)  # who gets it may take some of it next
            yield self.ids[self._starts[index] : self._starts[index + 1]], self._last[1]
        self._last = None

    def rows(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> Float32:
        """These rows, float32 [len(rows), width]: a copy."""
        wanted = np.asarray(rows, dtype=np.int64)
        out = np.empty((len(wanted), self.width), dtype=np.float32)
        of = np.searchsorted(self._starts, wanted, side="right") - 1
        for index in np.unique(of):
            mask = of == index
            out[mask] = self._block(int(index))[wanted[mask] - self._starts[index]]
        return out

    def block(self, ids: Sequence[str]) -> Float32 | None:
        """The vectors of these ids, which nobody may change, if they are a block of the file."""
        for index, start in enumerate(self._starts[:-1]):
            if ids and self.ids[start] == ids[0]:
                whole = self.ids[start : self._starts[index + 1]] == tuple(ids)
                return self._block(index) if whole else None
        return None

    def _block(self, index: int) -> Float32:
        if self._last is not None and self._last[0] == index:
            return self._last[1]
        try:
            if self._batches:
                batch = self._batches[index]
            else:
                batch = self._reader.get_batch(index)
                batch.validate()
            values = batch.column(1).flatten()
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self._path, error) from None
        matrix: Float32 = values.to_numpy(zero_copy_only=True).reshape(-1, self.width)
        return matrix


def write_blocks(
    path: str | os.PathLike[str],
    columns: tuple[str, str],
    width: int,
    metadata: Mapping[str, str],
    blocks: Iterable[Block],
) -> None:
    """Write such a file, each block with its checksum. Only a block is ever in memory.

    Raises:
        UserError: `width` is 0.
    """
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
    digest.update(batch.column(1).flatten().to_numpy(zero_copy_only=True))
    return digest.hexdigest().encode()
