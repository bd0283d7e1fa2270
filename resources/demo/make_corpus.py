"""Makes the demo's corpus: German news snippets, their English and their pictures.

    python resources/demo/make_corpus.py --split test --size 500 --out resources/demo/corpus

writes `articles.tsv` (the layout of the NewsImages 2021 training files), `images/<iid>.jpg` and
`translations.tsv` (a translation memory). The same command gives the same texts and pixels on every
machine with the same versions of Python, numpy and Pillow.

Neither an id nor a file's order says which picture belongs to which article: ids are hashes, and
articles and pictures are each sorted by their own.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from demo_kinds import picture
from demo_pictures import QUALITY
from demo_texts import Snippet, write
from demo_world import Scene, draw_split, number

log = logging.getLogger("make_corpus")

HEADER = ("article", "aid", "url", "img", "iid", "hashvalue", "title", "text", "imgFile")


@dataclass(frozen=True)
class Row:
    """One article with its picture: ids, texts, and the scene they come from."""

    article: str
    aid: str
    iid: str
    hashvalue: str
    snippet: Snippet
    scene: Scene

    def fields(self) -> tuple[str, ...]:
        """The row's nine columns, in the order of `HEADER`."""
        return (
            self.article,
            self.aid,
            f"https://news.example/artikel/{self.aid}",
            f"https://news.example/bild/{self.hashvalue}.jpg",
            self.iid,
            self.hashvalue,
            self.snippet.title,
            self.snippet.text,
            f"{self.iid}.jpg",
        )


def make_rows(scenes: Iterable[Scene]) -> list[Row]:
    """The corpus' rows in the order of the file, which is that of the articles' ids.

    Raises:
        ValueError: two scenes have the same id; another seed range would be needed.
    """
    rows = []
    for scene in scenes:
        rows.append(
            Row(
                article=str(10**9 + number(scene.seed, "article") % (9 * 10**9)),
                aid=str(10**7 + number(scene.seed, "aid") % (9 * 10**7)),
                iid=str(10**9 + number(scene.seed, "image") % (9 * 10**9)),
                hashvalue=hashlib.sha256(f"{scene.seed} file".encode()).hexdigest()[:40],
                snippet=write(scene),
                scene=scene,
            )
        )
    for name in ("article", "iid"):
        if len({getattr(row, name) for row in rows}) < len(rows):
            raise ValueError(f"two scenes have the same {name} id")
    return sorted(rows, key=lambda row: row.article)


def make_memory(rows: Iterable[Row]) -> dict[str, str]:
    """German to English for each title and each text.

    Raises:
        ValueError: one German text has two English ones.
    """
    memory: dict[str, str] = {}
    for row in rows:
        snippet = row.snippet
        for german, english in (
            (snippet.title, snippet.title_en),
            (snippet.text, snippet.text_en),
        ):
            if memory.setdefault(german, english) != english:
                raise ValueError(f"two translations of {german!r}")
    return memory


def encode(scene: Scene) -> bytes:
    """The scene's picture as JPEG."""
    buffer = io.BytesIO()
    picture(scene).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def make_corpus(split: str, size: int, out: Path) -> list[Row]:
    """Write the first `size` pairs of `split` into the folder `out`.

    Files that are there are replaced; pictures of another split or size are not removed.
    """
    started = time.monotonic()
    rows = make_rows(draw_split(split, size))
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for row in sorted(rows, key=lambda row: row.iid):
        (images / f"{row.iid}.jpg").write_bytes(encode(row.scene))
    lines = ["\t".join(HEADER)] + ["\t".join(row.fields()) for row in rows]
    (out / "articles.tsv").write_bytes(("\r\n".join(lines) + "\r\n").encode())
    memory = ["source\ttarget"] + [f"{de}\t{en}" for de, en in sorted(make_memory(rows).items())]
    (out / "translations.tsv").write_bytes(("\n".join(memory) + "\n").encode())
    log.info("%d pairs in %s, %.1f s", size, out, time.monotonic() - started)
    return rows


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--split", choices=("test", "train"), default="test")
    parser.add_argument("--size", type=int, default=500, help="number of pairs (default: 500)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    make_corpus(given.split, given.size, given.out)


if __name__ == "__main__":
    main()
