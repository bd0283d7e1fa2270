"""Names of photos' files: which file of a folder is which image's photo.

A row may name the file: then it is that one. An image whose rows name none, or one that is not
there, is looked for by its id: a file of that very name, `<id>.<extension>`, or under the
downloader's name for ids that are no file names. But a file that some row names is not taken by
another image's id: row "0, 3.jpg" does not get 0.jpg where row "7, 0.jpg" has it.

Names are compared as they are, then canonically (NFC): systems differ in how they store "é". Where
the folder has both forms, each is found by its own name, and the composed one by any other.

Apart from `corpus.photos`, so that it can be asked without anything heavy.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

EXTENSIONS = (".jpg", ".jpeg", ".png", ".gif", ".webp")
"""File name endings of the formats that are opened, in the order they are looked for."""

_RARE = (".jfif", ".jpe")
ENDINGS = tuple(
    ending
    for endings in (EXTENSIONS, _RARE)
    for ending in (*endings, *(ending.upper() for ending in endings))
)
"""Of a photo's file, in the order they are looked for. `.jfif` and `.jpe` are part of an id."""


def hashed_name(image_id: str) -> str:
    """Name of a photo's file, without extension, where its id cannot be one on every system."""
    # "surrogatepass": an id may hold what no UTF-8 file can, and still needs a name.
    return "hash." + hashlib.sha256(image_id.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def nfc(name: str) -> str:
    """The composed form of a name, to be compared."""
    return unicodedata.normalize("NFC", name)


def by_id(image_id: str) -> Iterator[str]:
    """The file names that an image's id stands for, best first."""
    yield image_id
    yield from (image_id + ending for ending in ENDINGS)
    hashed = hashed_name(image_id)
    yield from (hashed + ending for ending in EXTENSIONS)


def find(
    images: Mapping[str, str], named: Iterable[str], present: Collection[str]
) -> dict[str, str]:
    """The file of each image that has one.

    Args:
        images: by id, the file that its rows name; "" if they name none.
        named: every file that any row of the corpus names, refused rows too.
        present: names of the folder's files.

    Returns:
        By id, a name out of `present`. A file is that of several images only where rows name it
        for each of them. The order of the arguments does not matter.
    """
    there = set(present)
    composed: dict[str, str] = {}
    for name in sorted(there, key=lambda name: (name != nfc(name), name)):
        composed.setdefault(nfc(name), name)

    def looked_up(name: str) -> str:
        return name if name in there else composed.get(nfc(name), "")

    found = {image_id: looked_up(name) for image_id, name in images.items() if name}
    found = {image_id: name for image_id, name in found.items() if name}
    taken = {looked_up(name) for name in named} | set(found.values())
    # Each way for all images before the next: a file goes to the image whose id names it best.
    ways: tuple[Callable[[str], Iterator[str]], ...] = (
        lambda image_id: (name for name in [image_id] if name in there),
        lambda image_id: (name for name in by_id(image_id) if name in there),
        lambda image_id: (looked_up(name) for name in by_id(image_id)),
    )
    for way in ways:
        wanted = {}
        for image_id in images.keys() - found.keys():
            name = next((name for name in way(image_id) if name and name not in taken), "")
            if name:
                wanted[image_id] = name
        claims = Counter(wanted.values())
        found |= {image_id: name for image_id, name in wanted.items() if claims[name] == 1}
        taken |= set(wanted.values())
    return found


def twins(images: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Images that are one: canonically equivalent ids, and one file for all of them.

    Args:
        images: by id, the file that its rows name; "" if they name none.
        found: the file of each that has one, as `find` gives them.

    Returns:
        By the id of each such image the one id for them, composed where there is such a one.
    """
    alike: dict[str, list[str]] = {}
    for image_id in images:
        alike.setdefault(nfc(image_id), []).append(image_id)
    return {
        image_id: name if name in ids else min(ids)
        for name, ids in alike.items()
        if len(ids) > 1
        and len({found[item] for item in ids if item in found}) == 1
        and len({nfc(images[item]) for item in ids if images[item]}) <= 1
        for image_id in ids
    }


def photo_files(named: Iterable[Sequence[str]], present: Collection[str]) -> set[str]:
    """Which of the files that are present are photos.

    Args:
        named: `corpus.photo_names`.
        present: names of the folder's files.
    """
    rows = list(named)
    images = {image_id: file for image_id, file in rows if image_id}
    return set(find(images, (file for _, file in rows if file), present).values())


@dataclass(frozen=True)
class Naming:
    """How a corpus' rows name its photos: the first two arguments of `find`."""

    images: Mapping[str, str]
    named: frozenset[str]

    def find(self, present: Collection[str]) -> dict[str, str]:
        """The file of each image that has one among `present`."""
        return find(self.images, self.named, present)

    def elsewhere(self, image_id: str) -> bool:
        """Whether a file that an image's id stands for is named by rows, and not by its own."""
        own = nfc(self.images.get(image_id, ""))
        names = {nfc(name) for name in by_id(image_id)} - {own}
        return not names.isdisjoint(self._composed)

    @cached_property
    def _composed(self) -> frozenset[str]:
        return frozenset(map(nfc, self.named))
