"""What a layout is, and what it makes of a file: rows by field, before anything is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rematch.corpus.rows import Rows


@dataclass(frozen=True)
class Record:
    """One row of a source; a column that the file lacks is an empty string."""

    line: int
    """Line on which the row begins, from 1; in a Parquet file the row's number, from 1."""
    article_id: str = ""
    title: str = ""
    text: str = ""
    image_id: str = ""
    """As it stands: an id, or the name of a file; see `corpus.identities`."""
    photo: str = ""
    """Name of the photo's file, without folders, where a column of its own gives it."""
    url: str = ""
    """Where the photo can be fetched. For the downloader alone: it names the photo's subject."""
    more: tuple[str, ...] = ()
    """Further columns that were asked for, "" where the file lacks one."""


class Layout:
    """How files of a kind are read.

    A layout is a subclass in a file of this folder, which declares it (`METHOD`). What it takes to
    make one are keys of a corpus' entry in the configuration; most take none.
    """

    name: ClassVar[str]
    """As it is declared."""
    header: ClassVar[str] = ""
    """The header in short, for messages; "" where none shows the layout, so that the configuration
    has to name it."""
    year: ClassVar[int] = 9999
    """In which it was published. Of two that fit a header, the older holds."""
    wrapping: ClassVar[str] = ""
    """Characters around the header's names that do not belong to them."""
    two_schemes: ClassVar[bool] = False
    """Whether its articles have two ids; see `corpus.benchmark_ids`."""

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        """For each field of `Record` that it has, the header names that stand for it."""
        raise NotImplementedError

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a header, white space around its names removed, is of this layout."""
        raise NotImplementedError

    def rows(self, path: Path, more: Sequence[str] = ()) -> tuple[list[str], Rows]:
        """A file's header and the rows below it; `more` columns than the layout's are wanted."""
        raise NotImplementedError

    def demanded(self, needed: Sequence[str], role: str) -> Sequence[str]:
        """Which fields of `Record` a file has to have.

        Args:
            needed: those without which it has no use.
            role: "pairs", "articles", "images" or "truth".
        """
        return needed


@dataclass(frozen=True)
class Source:
    """One file as its layout reads it, before anything is judged."""

    path: Path
    layout: Layout
    header: tuple[str, ...]
    columns: frozenset[str]
    """Which fields of `Record` the file has."""
    records: tuple[Record, ...]
    malformed: tuple[tuple[int, str], ...] = ()
    """Line and reason of each row that has no readable fields."""
    blank: int = 0
