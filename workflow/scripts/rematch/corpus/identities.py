"""Which image a row means. (Articles: `corpus.benchmark_ids`.)

A row names an image by its id or by its file, and one column may hold either. Both are kept apart:
"12.jpg" is the file 12.jpg, of whatever image that is. The image of such a name gets the id "12",
as the benchmark's submissions have ids without extension, but only where no two images would become
one by that: of `teaser.jpg` and `teaser.png` each keeps its name as its id. This depends on which
names a corpus' rows hold, not on their order, and not on the files. Names are equal if they are
canonically equivalent (NFC): systems differ in how they store "é". So ids that differ in this alone
are one image, unless the folder has a photo for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rematch.corpus.names import EXTENSIONS, nfc


def split_extension(name: str) -> tuple[str, str]:
    """What names an image, given as id or as file: ("12", "") for "12", ("12", "12.jpg") for
    "12.jpg"."""
    for extension in EXTENSIONS:
        if len(name) > len(extension) and name.lower().endswith(extension):
            return name[: -len(extension)], name
    return name, ""


def file_named(cell: str, photo: str) -> str:
    """The file that a row names: in a column of its own, else by an id that is a file's name."""
    return photo or split_extension(cell)[1]


def image_ids(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The id of each image by what rows call it.

    Args:
        rows: of each row that brings an image, its id as it stands, and its `Record.photo`.

    Returns:
        By the id as it stands: it, or it without its extension, unless another name of a file
        would become the same.
    """
    called: set[str] = set()
    files: dict[str, set[str]] = defaultdict(set)
    for cell, photo in rows:
        called.add(cell)
        stem, own = split_extension(cell)
        if own:
            files[stem].add(nfc(file_named(cell, photo)))

    def image_id(cell: str) -> str:
        stem, own = split_extension(cell)
        # "a.jpg.png" beside "a.jpg", which is the name of a file itself.
        nested = stem in called and split_extension(stem)[1]
        return stem if own and len(files[stem]) == 1 and not nested else cell

    return {cell: image_id(cell) for cell in called}


@dataclass(frozen=True)
class Named:
    """One image: what its rows call it, its id, and the file that they name ("" if none)."""

    cell: str
    image_id: str
    file: str


class Images:
    """The images of a corpus, to be found by what another row calls them."""

    def __init__(self, images: Iterable[Named], refused: Iterable[str] = ()) -> None:
        """`refused`: what rows that are not taken in call theirs."""
        self._refused = {_loose(nfc(cell)) for cell in refused}
        self._exact: dict[str, str] = {}
        self._by: dict[str, dict[str, set[str]]] = {
            kind: defaultdict(set) for kind in ("id", "file", "loose", "plain", "stem")
        }
        for image in images:
            self._exact[image.cell] = image.image_id
            name = nfc(image.cell)
            stem, file = split_extension(name)
            self._by["id"][name].add(image.image_id)
            self._by["stem" if file else "plain"][stem].add(image.image_id)
            if image.file:
                self._by["file"][nfc(image.file)].add(image.image_id)
                self._by["loose"][_loose(nfc(image.file))].add(image.image_id)

    def join(self, ones: Mapping[str, str]) -> None:
        """Let other ids stand for some of the images."""
        self._exact = {cell: ones.get(item, item) for cell, item in self._exact.items()}
        for by in self._by.values():
            for name, items in by.items():
                by[name] = {ones.get(item, item) for item in items}

    def find(self, cell: str, photo: str = "") -> tuple[str, ...]:
        """The ids of the images that a row may mean: one if it is known, none if it is not.

        Args:
            cell: its id as it stands, which may be the name of a file.
            photo: its `Record.photo`, which counts only where there is no id.
        """
        if cell in self._exact:
            return (self._exact[cell],)
        if not cell.strip():
            return self._of("file", nfc(photo)) if photo else ()
        name = nfc(cell)
        stem, file = split_extension(name)
        found = self._of("id", name) or self._of("file", name)
        if found:
            return found
        # A file that no row names is that of the image with such an id; an id that no row has is
        # the one of a file's name.
        if not file:
            return self._of("stem", stem)
        loose = _loose(file)
        found = self._of("loose", loose)
        return found or (() if loose in self._refused else self._of("plain", stem))

    def _of(self, kind: str, name: str) -> tuple[str, ...]:
        return tuple(sorted(self._by[kind].get(name, ())))


def _loose(file: str) -> str:
    """A file's name, its extension in lower case."""
    stem, _ = split_extension(file)
    return stem + file[len(stem) :].lower()
