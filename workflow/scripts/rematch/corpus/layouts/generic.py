"""Any table of news, by what the configuration says of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rematch.corpus.layouts.base import Layout
from rematch.corpus.rows import Rows, csv_rows, headed, parquet_rows, plain_rows, read_text
from rematch.errors import UserError
from rematch.methods import Method, Param

METHOD = Method(
    name="generic",
    does="any .csv (comma), .tsv or .txt (tab) or .parquet whose columns are named here; all of a "
    "corpus' files share these names. Parquet's columns are text of any of its types (bytes too, "
    "if they are UTF-8), ids also whole numbers",
    source="columns named by the configuration",
    run="Generic",
    params=(
        Param(
            name="quoting",
            type="text",
            does="whether quotes enclose fields or are characters; without it `csv` for .csv, "
            "`literal` for .tsv and .txt",
            choices=("csv", "literal"),
        ),
    ),
)

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
"""Of a file, by the ending of its name; `.parquet` is the other ending."""

Quoting = Literal["csv", "literal"]


@dataclass(frozen=True)
class Generic(Layout):
    """What the configuration says of the files of a corpus.

    Raises:
        UserError: the columns are too few for a corpus.
    """

    columns: Mapping[str, str]
    """For each field of `Record` (but `line`), the header's name of it; a file may lack some."""
    quoting: Quoting | None = None
    """None: "csv" for .csv, "literal" for .tsv and .txt."""

    name = METHOD.name

    def __post_init__(self) -> None:
        named = set(self.columns)
        if not {"article_id", "image_id"} <= named or not {"title", "text"} & named:
            raise UserError("corpus: `columns` must name article_id, image_id, and title or text")

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        """One for each field."""
        return {key: (name,) for key, name in self.columns.items()}

    def fits(self, header: Sequence[str]) -> bool:
        """Any may be."""
        return True

    def rows(self, path: Path, more: Sequence[str] = ()) -> tuple[list[str], Rows]:
        """A file's header and rows, by the ending of its name.

        Raises:
            UserError: it is another ending, or the file cannot be read or decoded, is empty, or is
                CSV and breaks its rules.
        """
        ending = path.suffix.lower()
        if ending == ".parquet":
            return parquet_rows(path, {*self.columns.values(), *more})
        if ending not in DELIMITERS:
            read_text(path)  # an archive is no matter of names
            raise UserError(
                f"{path}: layout {self.name} tells files by the ending of their name; "
                f"name it {', '.join(DELIMITERS)} or .parquet"
            )
        delimiter = DELIMITERS[ending]
        text = read_text(path)
        if (self.quoting or ("csv" if ending == ".csv" else "literal")) == "csv":
            return headed(path, csv_rows(text, delimiter, path))
        return headed(path, plain_rows(text, delimiter))

    def demanded(self, needed: Sequence[str], role: str) -> Sequence[str]:
        """What the configuration names must be there, and may be less."""
        ours = needed if role in ("articles", "truth") else (*needed, "photo", "url")
        return [column for column in ours if column in self.columns]
