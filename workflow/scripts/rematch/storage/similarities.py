"""Similarity matrices as Arrow files, a block of rows in memory at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property

from rematch.errors import AGAIN, UserError
from rematch.forms import Block, Float32
from rematch.storage.blocks import BlockFile, write_blocks

COLUMNS = ("article_id", "scores")


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
    write_blocks(path, COLUMNS, len(gallery), metadata, blocks)


class Similarity:
    """A similarity file: scores of every article with every photo of the gallery.

    A block is read when it is asked for, and only the last one is held: several such files may be
    larger together than the memory.

    Attributes:
        path: of the file.
        article_ids: n distinct ids, in the order of the rows.
        gallery: m distinct image ids, in the order of the columns.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = BlockFile(path, COLUMNS, mapped=False)
        self.path = os.fspath(path)
        self.article_ids = self._file.ids
        self.gallery: tuple[str, ...] = ()
        with suppress(KeyError, TypeError, ValueError):
            self.gallery = tuple(json.loads(self._file.metadata["gallery"]))
        if len(self.gallery) != self._file.width:
            raise UserError(f"{path}: the list of its photos is damaged; {AGAIN}")

    def blocks(self) -> Iterator[Block]:
        """The file's blocks in order: article ids [b], float32 scores [b, m]."""
        return self._file.blocks()

    def take(self, articles: Sequence[str], gallery: Sequence[str]) -> Float32:
        """The scores of these articles and photos, by id: float32 [len(articles), len(gallery)].

        Nobody may change them: in the file's own order they are not copied.

        Raises:
            UserError: an article or photo is not in the file.
        """
        try:
            block = self._file.block(articles)
            if block is None:
                block = self._file.rows([self._row[article] for article in articles])
            if tuple(gallery) == self.gallery:
                return block
            return block[:, [self._column[image] for image in gallery]]
        except KeyError as error:
            raise UserError(f"{self.path}: no score for {error.args[0]!r}; {AGAIN}") from None

    @cached_property
    def _row(self) -> Mapping[str, int]:
        return {article: row for row, article in enumerate(self.article_ids)}

    @cached_property
    def _column(self) -> Mapping[str, int]:
        return {image: column for column, image in enumerate(self.gallery)}
