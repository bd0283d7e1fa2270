"""Which pairs of a truth a corpus holds, and what the others look like."""

from __future__ import annotations

from collections import Counter

from rematch.corpus.benchmark_ids import other_form
from rematch.corpus.damage import STRANGE, Looks
from rematch.corpus.door import Article, Door
from rematch.corpus.layouts import Record
from rematch.corpus.names import nfc
from rematch.corpus.rejects import (
    ARTICLE_REFUSED,
    IMAGE_REFUSED,
    NO_ARTICLE_ID,
    NO_IMAGE_ID,
    NO_PAIR,
    UNKNOWN_ARTICLE,
    UNKNOWN_IMAGE,
    Kind,
    reason_class,
)


class Pairing:
    """The pairs that came in at a door, judged by its articles and images."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.unpaired: dict[str, str] = {}
        """Of each article without a kept pair, the class of what is wrong with its first; `truth`
        finds them."""
        forms = Counter(nfc(article.article_id) for article in door.articles.values())
        self._looks: dict[Kind, Looks] = {
            "article": Looks(
                [article.article_id for article in door.articles.values()],
                map(other_form, door.articles) if door.two_schemes else (),
            ),
            "image": Looks(list(door.images), door.naming().images.values()),
        }
        # By the composed form of their ids, where no two have the same.
        self._composed: dict[str, Article] = {
            nfc(article.article_id): article
            for article in door.articles.values()
            if forms[nfc(article.article_id)] == 1
        }

    def truth(self) -> list[tuple[str, str]]:
        """The pairs both sides of which are here; call it after `gallery.open_photos`."""
        kept: set[tuple[str, str]] = set()
        # Before any pair is judged: a line that was refused already is not refused twice.
        refused_lines = {(file, line) for file, line, *_ in self.door.rejects}
        photos = {item: why for _, _, kind, item, why in self.door.rejects if kind == "image"}
        whys: dict[str, str] = {}
        for path, row in self.door.pairs:
            self.door.counts["pair_rows"] += 1
            pair = self.pair(row)
            wrong = self._wrong_pair(*pair)
            if wrong or (str(path), row.line) in refused_lines:
                whys.setdefault(pair[0], photos.get(pair[1], wrong))
            if (str(path), row.line) in refused_lines:
                self.door.counts["pairs_refused"] += 1
            elif wrong:
                self.door.refuse(path, row.line, "pair", " ".join(pair), wrong)
            elif pair in kept:
                self.door.counts["pairs_repeated"] += 1
            else:
                kept.add(pair)
                self.door.counts["pairs"] += 1
        articles = {article.article_id for article in self.door.articles.values()}
        for article_id in articles - {article_id for article_id, _ in kept}:
            self.unpaired[article_id] = reason_class(whys.get(article_id) or NO_PAIR)
        return sorted(kept)

    def pair(self, row: Record) -> tuple[str, str]:
        """The ids of a row's article and image in the tables; of what is not known, as it stands.

        An image's id as it stands may be several images' ("teaser", of teaser.jpg and teaser.png).
        """
        known = self.door.articles.get(self.door.key(row.article_id)) or self._composed.get(
            nfc(row.article_id)
        )
        astray = row.image_id in self.door.refused["image"] and row.image_id not in self.door.images
        images = () if astray else self.door.names.find(row.image_id, row.photo)
        return (
            known.article_id if known else row.article_id,
            images[0] if len(images) == 1 else row.image_id,
        )

    def _wrong_pair(self, article_id: str, image_id: str) -> str:
        if not article_id.strip():
            return NO_ARTICLE_ID
        if not image_id.strip():
            return NO_IMAGE_ID
        if self.door.key(article_id) not in self.door.articles:
            return self._why("article", article_id)
        image = self.door.images.get(image_id)
        if image is None or not image.digest:
            return self._why("image", image_id)
        return ""

    def _why(self, kind: Kind, item_id: str) -> str:
        reason = self._unknown(kind, item_id)
        look = self._looks[kind].of(item_id) if "unknown" in reason else STRANGE
        return f"{reason}: {item_id!r}" + (f"; such ids {look}" if look != STRANGE else "")

    def _unknown(self, kind: Kind, item_id: str) -> str:
        if kind == "article":
            refused = self.door.key(item_id) in self.door.refused["article"]
            return ARTICLE_REFUSED if refused else UNKNOWN_ARTICLE
        refused = item_id in self.door.refused["image"] or item_id in self.door.images
        return IMAGE_REFUSED if refused else UNKNOWN_IMAGE

    def strangers(self) -> tuple[str, int]:
        """What the pairs look like that name no article or no image of the corpus, by their ids.

        Returns:
            A line, "" where there is none; and how many pairs name both.
        """
        unknown: dict[Kind, list[str]] = {"article": [], "image": []}
        good = 0
        for _, row in self.door.pairs:
            article_id, image_id = self.pair(row)
            wrong: set[Kind] = set()
            if self.door.key(article_id) not in self.door.articles:
                wrong.add("article")
            if image_id not in self.door.images:
                wrong.add("image")
            good += not wrong
            for kind, item in (("article", row.article_id), ("image", row.image_id)):
                named = article_id if kind == "article" else image_id
                if kind in wrong and item.strip() and "unknown" in self._unknown(kind, named):
                    unknown[kind].append(item)
        return "; ".join(
            f"{len(items):,} of {len(self.door.pairs):,} pairs name no {kind}; "
            f"{self._looks[kind].described(items)}"
            for kind, items in unknown.items()
            if items
        ), good
