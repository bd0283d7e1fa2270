"""What comes in at the door: each row of each file taken in, or refused with its reason.

What is kept of a text
    Every character, as decoded. A layout alone takes its own marks away: a byte order mark at the
    start of the file, what separates fields and rows, and in CSV the quotes around a field. White
    space at either end of a field, soft hyphens, no-break spaces, NUL and other control characters,
    U+2028 and a carriage return elsewhere stay; a field may be of any length. Repairs belong to the
    cleaning.

What is refused
    A refused thing is one row of the table of rejects, with its file and the line on which its row
    begins; the reason is "class: detail", the class one of those of `corpus.rejects` or
    `corpus.photos`. A row of articles without title and text (the paper's "NA" rows) or without an
    article id is refused whole: in a file of pairs its photo and its pair go with it. A photo that
    is missing or does not open is refused and its article stays. A pair of which one side was
    refused is left out of the truth; it has a row of its own among the rejects only if its line has
    none already. Blank rows (all fields empty or white space) are counted and skipped.

What is related to what
    An article may have several photos and a photo several articles: a row that names a known thing
    again, with the same content, is counted as repeated, and its pair is kept. What a row means by
    an id or a file's name: `corpus.identities`; which file is an image's photo: `corpus.names`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rematch.corpus.benchmark_ids import benchmark_id
from rematch.corpus.identities import Images, Named, file_named, image_ids
from rematch.corpus.layouts import Record, Source
from rematch.corpus.names import Naming, nfc, twins
from rematch.corpus.rejects import (
    ARTICLE_TAKEN,
    CONTROL_IN_ID,
    IMAGE_TAKEN,
    NO_ARTICLE_ID,
    NO_CONTENT,
    NO_IMAGE_ID,
    UNSAFE_NAME,
    Kind,
)


@dataclass
class Article:
    article_id: str
    title: str
    text: str
    place: str


@dataclass
class Image:
    path: Path
    line: int
    photo: str  # the file that rows name
    url: str
    other_urls: int = 0
    digest: str = ""
    sha256: str = ""
    file: Path | None = None


@dataclass
class Door:
    """What has come in so far."""

    two_schemes: bool = False  # of article ids; see `benchmark_ids`
    articles: dict[str, Article] = field(default_factory=dict)  # by `key`
    images: dict[str, Image] = field(default_factory=dict)
    image_rows: list[tuple[Path, Record]] = field(default_factory=list)
    named: set[str] = field(default_factory=set)  # files that rows name, refused rows too
    names: Images = field(default_factory=lambda: Images(()))
    pairs: list[tuple[Path, Record]] = field(default_factory=list)
    rejects: list[tuple[str, int, str, str, str]] = field(default_factory=list)
    refused: dict[Kind, set[str]] = field(
        default_factory=lambda: {"article": set(), "image": set(), "pair": set()}
    )
    counts: Counter[str] = field(default_factory=Counter)

    def refuse(self, path: Path, line: int, kind: Kind, item_id: str, reason: str) -> None:
        self.rejects.append((str(path), line, kind, item_id, reason))
        self.refused[kind].add(self.key(item_id) if kind == "article" else item_id)
        self.counts[f"{kind}s_refused"] += 1

    def key(self, article_id: str) -> str:
        """What all forms of an article's id have in common."""
        return benchmark_id(article_id) if self.two_schemes else article_id

    def open(self, source: Source, kind: Kind) -> None:
        if kind != "pair":
            named = (file_named(row.image_id, row.photo) for row in source.records)
            self.named.update(name for name in named if name)
        self.counts[f"{kind}_blank"] += source.blank
        self.counts[f"{kind}_rows"] += len(source.malformed)
        for line, reason in source.malformed:
            self.refuse(source.path, line, kind, "", reason)

    def article(self, path: Path, row: Record) -> bool:
        """Take an article in; False if the row is refused."""
        self.counts["article_rows"] += 1
        wrong = _wrong_id(row.article_id, NO_ARTICLE_ID)
        if not wrong and not row.title.strip() and not row.text.strip():
            wrong = NO_CONTENT
        key = self.key(row.article_id)
        known = self.articles.get(key)
        if not wrong and known:
            if (known.title, known.text) == (row.title, row.text):
                if row.article_id == key:  # of two forms the benchmark's, in whatever order
                    known.article_id = key
                self.counts["articles_repeated"] += 1
                return True
            form = "" if known.article_id == row.article_id else f"as {known.article_id!r}, "
            wrong = f"{ARTICLE_TAKEN}: {form}with other title or text in {known.place}"
        if wrong:
            self.refuse(path, row.line, "article", row.article_id, wrong)
            return False
        place = f"{path}, line {row.line}"
        self.articles[key] = Article(row.article_id, row.title, row.text, place)
        self.counts["articles"] += 1
        return True

    def settle_images(self) -> None:
        """Give every image its id, and note its photo to be opened, or refuse the row's."""
        ids = image_ids((row.image_id, row.photo) for _, row in self.image_rows)
        taken: set[str] = set()
        # An id before the name of a file that stands for it, in whatever order they come.
        for path, row in sorted(self.image_rows, key=lambda r: r[1].image_id != ids[r[1].image_id]):
            if self.image(path, row, ids[row.image_id]):
                taken.add(row.image_id)
        lost = {cell for cell in ids.keys() - taken if cell.strip()}
        named = (Named(cell, ids[cell], self.images[ids[cell]].photo) for cell in taken)
        self.names = Images(named, lost)
        self.refused["image"].update(lost)

    def join_twins(self, files: dict[str, str]) -> None:
        """Make one image of those whose ids differ in how "é" is stored, and with one file."""
        ones = twins(self.naming().images, files)
        for image_id, one in ones.items():
            if image_id in files:
                files[one] = files[image_id]
        for image_id in [image_id for image_id, one in ones.items() if image_id != one]:
            del self.images[image_id]
            self.counts["images_repeated"] += 1
        self.names.join(ones)

    def image(self, path: Path, row: Record, image_id: str) -> bool:
        """Note a photo to be opened; False if the row's is refused."""
        self.counts["image_rows"] += 1
        wrong = _wrong_id(row.image_id, NO_IMAGE_ID)
        url = row.url.strip()
        photo = file_named(row.image_id, row.photo)
        name = photo or row.image_id
        if not wrong and not is_file_name(name):
            wrong = f"{UNSAFE_NAME}: {name!r} is no name of a file in the folder"
        known = self.images.get(image_id)
        if not wrong and known and known.photo and photo and nfc(known.photo) != nfc(photo):
            wrong = f"{IMAGE_TAKEN}: by {known.photo!r} in {known.path}, line {known.line}"
        if wrong:
            self.refuse(path, row.line, "image", image_id, wrong)
            return False
        if known:
            known.photo = known.photo or photo
            known.url = known.url or url
            known.other_urls += bool(url) and url != known.url
            self.counts["images_repeated"] += 1
        else:
            self.images[image_id] = Image(path, row.line, photo, url)
        return True

    def naming(self) -> Naming:
        """How rows name the photos; call it after `settle_images`."""
        images = {image_id: image.photo for image_id, image in self.images.items()}
        return Naming(images, frozenset(self.named))


def _wrong_id(item_id: str, missing: str) -> str:
    if not item_id.strip():
        return missing
    if any(unicodedata.category(character) == "Cc" for character in item_id):
        return f"{CONTROL_IN_ID}: {item_id!r}"
    return ""


def is_file_name(name: str) -> bool:
    """Whether a file of this name lies in its folder, and can be shown in a line of a log."""
    return name not in (".", "..") and not any(
        mark in "/\\" or unicodedata.category(mark) == "Cc" for mark in name
    )
