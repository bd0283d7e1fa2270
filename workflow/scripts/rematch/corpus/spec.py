"""Where a corpus lies, and in which layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rematch.corpus.layouts import Layout, chosen, keys
from rematch.errors import UserError


@dataclass(frozen=True)
class CorpusSpec:
    """Where a corpus lies: files of pairs, or one of articles and one of images.

    Raises:
        UserError: neither or both of these are given, `truth` stands beside `pairs`, the layout is
            unknown, or lacks keys of its own, or these stand without it.
    """

    pairs: tuple[Path, ...] = ()
    """Files with an article and its photo in each row; they hold the truth themselves."""
    articles: Path | None = None
    images: Path | None = None
    truth: Path | None = None
    """Pairs for `articles` and `images`: any file with an article id and an image id."""
    photos: Path | None = None
    """Folder of the photos' files; None: there are none, all photos are refused."""
    layout: str | None = None
    """The name of a layout; None: each file's header shows it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the configuration gives of the layout's own keys."""

    def __post_init__(self) -> None:
        self.reader()
        apart = (self.articles is not None, self.images is not None)
        if self.pairs and (any(apart) or self.truth is not None):
            raise UserError(
                "corpus: `pairs` hold articles, images and truth already; "
                "leave out `articles`, `images` and `truth`, or `pairs`"
            )
        if not self.pairs and not all(apart):
            raise UserError("corpus: give `pairs`, or both `articles` and `images`")

    def reader(self) -> Layout | None:
        """The layout of all files; None: each file's header shows its own."""
        return chosen(self.layout, self.options)

    @classmethod
    def from_config(cls, corpus: Mapping[str, Any]) -> CorpusSpec:
        """From an entry of the config's `corpora`; `pairs` may be one path or several."""
        pairs = corpus.get("pairs", [])

        def path(role: str) -> Path | None:
            return Path(corpus[role]) if role in corpus else None

        return cls(
            pairs=tuple(map(Path, [pairs] if isinstance(pairs, str) else pairs)),
            articles=path("articles"),
            images=path("images"),
            truth=path("truth"),
            photos=path("photos"),
            layout=corpus.get("layout"),
            options={key: corpus[key] for key in sorted(keys() & corpus.keys())},
        )
