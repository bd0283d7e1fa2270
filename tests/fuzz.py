"""Files of strangers by the thousand: each is read, or refused in words, in time and in memory.

    python -m tests.fuzz photos --count 500 --seed 7

Each kind makes seeds, which are good files, damages one of them for each number, and reads it as a
job does. Allowed is a result, a refused row or a UserError of one line a fault. Everything else is
a fault, and printed with its number, by which it can be made again: --first N --count 1. A new kind
is a class in this file, and a line in `KINDS`.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import datetime
import io
import json
import logging
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rematch import forms
from rematch.errors import UserError
from tests.peak import peak_mb

ROOT = Path(__file__).parents[1]
SECONDS = 20
"""A file that takes longer is a fault."""
MOST_MB = 1000
"""So is a process that has held more."""

Rng = np.random.Generator

WORDS = [
    *(b"\0", b"\x1b[2J", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xc2\x85"),
    *(b"\r", b"\n", b"\r\n", b"\t", b'"', b"'", b"'''", b",", b";", b"\\", b"{}", b"{x}", b"%s"),
    *(b"<script>", b"../", b"/", b"~", b"nan", b"-1", b"1e999", b"10.0", b"9" * 400, b"null"),
    *(b"[" * 300, b"{" * 300, b"&a", b"*a", b"!!python/name:os.system", b"<<: ", b": ", b"- "),
    *(b"x" * 20_000, b"\xc3\xa4" * 500, b"id\tid", b"\x1f\x8b\x08", b"PK\x03\x04"),
]
"""Bytes that have been trouble somewhere."""


def damaged(rng: Rng, data: bytes, others: list[bytes], words: bool = True) -> bytes:
    """A file cut, flipped, spliced, doubled, blanked or with a word of `WORDS` put into it."""
    for _ in range(int(rng.geometric(0.7))):
        at = int(rng.integers(0, len(data) + 1)) if rng.random() < 0.7 else int(rng.integers(0, 64))
        at = min(at, len(data))
        length = int(rng.integers(1, 64)) if rng.random() < 0.7 else int(rng.integers(1, 9999))
        kind = rng.integers(0, 9 if words else 8)
        if kind == 0:
            data = data[:at]
        elif kind in (1, 2):
            flipped = bytearray(data)
            for place in rng.integers(0, max(len(data), 1), int(rng.integers(1, 9))):
                if flipped:
                    flipped[place] ^= 1 << int(rng.integers(0, 8))
            data = bytes(flipped)
        elif kind == 3:
            other = others[int(rng.integers(0, len(others)))]
            start = int(rng.integers(0, len(other) + 1))
            data = data[:at] + other[start : start + length * 9] + data[at + length :]
        elif kind == 4:
            data = data[:at] + data[at : at + length] * int(rng.integers(2, 60)) + data[at:]
        elif kind == 5:
            blank = (b"\0", b"\xff", b"\x7f", b" ")[int(rng.integers(0, 4))]
            data = data[:at] + blank * length + data[at + length :]
        elif kind == 6:
            width = int(2 ** rng.integers(0, 4))
            number = int(rng.choice([0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1]))
            order = "little" if rng.random() < 0.5 else "big"
            value = (number % 256**width).to_bytes(width, order)  # type: ignore[arg-type]
            data = data[:at] + value + data[at + width :]
        elif kind == 7:
            data = data[:at] + data[at + length :]
        else:
            data = data[:at] + WORDS[int(rng.integers(0, len(WORDS)))] + data[at:]
    return data


class Kind(Protocol):
    """What is read. `read` gives a word for what came of it, and raises UserError for a refusal."""

    def __init__(self, folder: Path) -> None: ...

    def read(self, rng: Rng) -> str: ...


class Photos:
    """Photos of every format and mode, at the door, and as a model wants them."""

    def __init__(self, folder: Path) -> None:
        from PIL import Image, PngImagePlugin

        self._path = folder / "photo"
        rng = np.random.default_rng(0)
        self._seeds: list[bytes] = []
        picture = Image.fromarray(rng.integers(0, 256, (61, 83, 3), dtype=np.uint8))
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = 6, "camera"
        texts = PngImagePlugin.PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", "<x/>" * 99, zip=True)
        texts.add_text("key", "value" * 99, zip=True)
        frames = [picture, picture.rotate(90), picture.rotate(180)]
        line = Image.new("RGB", (8000, 1), "red")

        def add(image: Image.Image, form: str, **options: Any) -> None:
            buffer = io.BytesIO()
            image.save(buffer, form, **options)
            self._seeds.append(buffer.getvalue())

        for options in ({}, {"progressive": True}, {"exif": exif}, {"icc_profile": b"x" * 70_000}):
            add(picture, "JPEG", **options)
        for mode in ("L", "CMYK"):
            add(picture.convert(mode), "JPEG")
        add(picture, "MPO", save_all=True, append_images=frames)
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
            add(picture.convert(mode), "PNG")
        add(picture, "PNG", exif=exif, pnginfo=texts, icc_profile=b"profile" * 99)
        add(picture.quantize(16), "PNG", transparency=bytes(range(16)))
        add(Image.fromarray(rng.integers(0, 2**16, (40, 30), dtype=np.uint16)), "PNG")
        add(picture, "PNG", save_all=True, append_images=frames)
        add(line, "PNG")
        for options in ({}, {"save_all": True, "append_images": frames}):
            add(picture, "GIF", **options)
            add(picture, "WEBP", exif=exif, **options)
        add(picture.convert("RGBA"), "WEBP", lossless=True)

    def read(self, rng: Rng) -> str:
        from PIL import Image

        from rematch.corpus.photos import examine, opened
        from rematch.embed.models.view import View, unusual

        seed = self._seeds[int(rng.integers(0, len(self._seeds)))]
        data = damaged(rng, seed, self._seeds, words=False)
        self._path.write_bytes(_with_checksums(data) if rng.random() < 0.6 else data)
        found = examine([self._path], 1)[0]
        if found.reason:
            assert not found.digest and found.reason.isprintable(), found
            return "refused"
        view = View(Image.Resampling.BICUBIC, None, 224, 224)
        for enough in (None, 48):
            with opened(self._path, enough) as photo:
                if unusual(photo):
                    photo = view.of(photo)
                photo.resize((224, 224), Image.Resampling.BICUBIC).tobytes()
        return "kept"


def _with_checksums(data: bytes) -> bytes:
    """A PNG with its chunks' checksums as they should be, so that more than these is tried."""
    at, out = 8, [data[:8]]
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : end]
        out += [data[at : at + 4], body, zlib.crc32(body).to_bytes(4, "big")]
        at = end + 4
    return b"".join(out) if len(out) > 1 else data


class Corpora:
    """Tables of a corpus in several layouts, and its photos' names."""

    def __init__(self, folder: Path) -> None:
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet as pq

        from tests.tiny import HEADER, make_corpus

        self._folder = folder
        rows = make_corpus(folder, 6)
        long = {name: [row[name] for row in rows] for name in HEADER}
        short = {"nr": long["article"], "head": long["title"], "pic": long["iid"]}
        columns = {"article_id": "nr", "title": "head", "image_id": "pic"}
        sink = io.BytesIO()
        pq.write_table(pa.table(short), sink)
        csv = io.BytesIO()
        pa.csv.write_csv(pa.table(short), csv)
        names = ("article_id", "article_url", "article_title", "article_tags")
        newer = [",".join([*names, "image_id", "image_url"])]
        newer += [f'{i},http://x/{i},"T, {i}","a;b",photo{i},http://y/{i}' for i in range(6)]
        generic: dict[str, Any] = {"layout": "generic", "columns": columns}
        self._seeds: list[tuple[str, dict[str, Any], bytes]] = [
            ("a.tsv", {}, (folder / "articles.tsv").read_bytes()),
            ("a.csv", generic, csv.getvalue()),
            ("a.parquet", generic, sink.getvalue()),
            ("a.csv", {}, ("\ufeff" + "\n".join(newer) + "\n").encode()),
        ]

    def read(self, rng: Rng) -> str:
        from rematch.corpus import CorpusSpec, read_articles, read_corpus, summary_lines
        from rematch.storage import tables

        name, options, seed = self._seeds[int(rng.integers(0, len(self._seeds)))]
        others = [data for _, _, data in self._seeds]
        path = self._folder / name
        path.write_bytes(damaged(rng, seed, others))
        photos = str(self._folder / "images")
        spec = CorpusSpec.from_config({"pairs": str(path), "photos": photos, **options})
        corpus = read_corpus(spec, 1)
        assert all(line.isprintable() for line in summary_lines(corpus))
        for table in (read_articles(spec), corpus.images, corpus.qrels, corpus.rejects):
            tables.write(table, self._folder / "out.parquet")
        return "kept" if not corpus.rejects.num_rows else "kept in part"


class Memories:
    """Translation memories: a TSV, and the lines of a store."""

    def __init__(self, folder: Path) -> None:
        from rematch.text.memory.remembered import import_tsv
        from tests.tiny import make_corpus

        self._folder = folder
        make_corpus(folder, 6)
        self._tsv = (folder / "translations.tsv").read_bytes()
        self._store = folder / "store"
        self._store.mkdir()
        import_tsv(self._store, folder / "translations.tsv", "google", "de", "en")
        self._files = {path.name: path.read_bytes() for path in self._store.iterdir()}

    def read(self, rng: Rng) -> str:
        from rematch.text.memory import remembered as memory

        if rng.random() < 0.5:
            path = self._folder / "memory.tsv"
            path.write_bytes(damaged(rng, self._tsv, [self._tsv]))
            held = memory.recall(path, "de", "en").translations
        else:
            for name, data in self._files.items():
                (self._store / name).write_bytes(damaged(rng, data, [data]))
            held = memory.recall(self._store, "de", "en").translations
            memory.fill(self._store)
        for text in (*held, *held.values()):
            text.encode("utf-8")  # as a job would write it
        return "kept"


class Configurations:
    """Configurations laid over the demo's, as Snakemake lays them."""

    def __init__(self, folder: Path) -> None:
        import yaml

        self._folder = folder
        files = sorted((ROOT / "config").glob("*.yaml"))
        self._seeds = [path.read_bytes() for path in files]
        base = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
        self._seeds += [json.dumps(base).encode(), yaml.safe_dump(base).encode()]
        self._seeds += [b"sweep: {words: [5, all]}\nensembles: {run05: null}\n"] * 3

    def read(self, rng: Rng) -> str:
        import yaml

        from rematch.config.layers import files
        from rematch.config.schema import load_schema, resolved
        from rematch.config.sweep import ensembles, points

        seed = self._seeds[int(rng.integers(0, len(self._seeds)))]
        path = self._folder / "my.yaml"
        if rng.random() < 0.3:
            path.write_bytes(damaged(rng, seed, self._seeds))
        else:
            odd = _with_odd_value(rng, yaml.safe_load(seed))
            path.write_text(yaml.safe_dump(odd, allow_unicode=True), "utf-8")
        with contextlib.chdir(ROOT):
            schema = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
            demo = "resources/demo/corpus"
            made = [f"{demo}/{name}" for name in ("articles.tsv", "translations.tsv", "images")]
            found = resolved(files([path]), schema, made).config
            for corpus in found["sweep"]["corpus"]:
                points(found, corpus)
                ensembles(found, corpus)
        return "kept"


ODD: list[Any] = [
    *(None, True, False, 0, -1, 10.0, 10.5, 1e300, float("nan"), float("inf"), 2**70, "", " "),
    *("10", "no", "~", "~/x", "/", "..", "a/b", "a b", "ü", "{x}", '"', "x" * 5000, "𝔘", "a: b"),
    *([], [[]], {}, [{}], {"": ""}, {1: 2}, {None: None}, [None], ["all"], [10, 10], [1, "all"]),
    *(datetime.date(2021, 1, 1), datetime.datetime(2021, 1, 1), b"bytes", [1.0], ["10"], {"a": []}),
]
"""Values that stand where another kind is meant."""


def _with_odd_value(rng: Rng, value: Any) -> Any:
    """A configuration in which a value or two is another one, or stands under another key."""
    for _ in range(int(rng.geometric(0.6))):
        places: list[tuple[Any, Any]] = []

        def walk(inside: Any, places: list[tuple[Any, Any]] = places) -> None:
            for key in list(inside) if isinstance(inside, dict) else range(len(inside)):
                places.append((inside, key))
                if isinstance(inside[key], (dict, list)):
                    walk(inside[key])

        walk(value)
        if not places:
            return value
        inside, key = places[int(rng.integers(0, len(places)))]
        odd = copy.deepcopy(ODD[int(rng.integers(0, len(ODD)))])  # it may be changed in turn
        if isinstance(inside, dict) and rng.random() < 0.2:
            inside[odd if isinstance(odd, (str, int, float)) else str(odd)] = inside.pop(key)
        else:
            inside[key] = odd
    return value


class Checkpoints:
    """State dicts for OpenAI's clip, and folders for open_clip and transformers."""

    def __init__(self, folder: Path) -> None:
        from rematch.outside.openai_clip import import_torchvision
        from tests.tiny import make_clip

        import_torchvision()
        import open_clip
        import safetensors.torch

        self._folder = folder
        self._pt = make_clip(folder / "seed.pt").read_bytes()
        # Small enough to be damaged where it matters.
        small = {"vocab_size": 300, "width": 64, "heads": 2, "layers": 1, "context_length": 9}
        vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
        self._model = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": small}
        state = open_clip.CLIP(16, vision, small).state_dict()
        self._files = {
            "open_clip_config.json": json.dumps({"model_cfg": self._model}).encode(),
            "open_clip_model.safetensors": safetensors.torch.save(dict(state)),
        }

    def read(self, rng: Rng) -> str:
        from rematch.embed.models import ModelSpec, load

        if rng.random() < 0.5:
            path = self._folder / "a.pt"
            head = self._pt[:4000] + self._pt[-30_000:]
            data = damaged(rng, self._pt if rng.random() < 0.7 else head, [self._pt], words=False)
            path.write_bytes(data)
            load(ModelSpec("openai", path), ["photos"])
        else:
            path = self._folder / "folder"
            path.mkdir(exist_ok=True)
            chosen = rng.integers(0, 2)
            for number, (name, data) in enumerate(self._files.items()):
                hit = damaged(rng, data, [data], words=False) if number == chosen else data
                (path / name).write_bytes(hit)
            load(ModelSpec("open_clip", path), ["photos"])
        return "kept"


class Results:
    """What was computed, damaged on its disk."""

    def __init__(self, folder: Path) -> None:
        from rematch.forms import Embeddings
        from rematch.storage import tables, write_similarity
        from tests.tiny import write_embeddings

        self._folder = folder
        rows = [{"image_id": f"i{n}", "file": f"{n}.png", "digest": f"{n:064}"} for n in range(50)]
        tables.write(forms.from_rows(rows, forms.IMAGES), folder / "images.parquet")
        vectors = np.eye(50, 16, dtype=np.float32)
        ids = [f"i{n}" for n in range(50)]
        write_embeddings(Embeddings(ids, vectors, {"model": "m"}), folder / "images.arrow")
        blocks = [(ids[:20], vectors[:20]), (ids[20:], vectors[20:])]
        write_similarity(folder / "similarity.arrow", ids[:16], blocks)
        names = ("images.parquet", "images.arrow", "similarity.arrow")
        self._files = {name: (folder / name).read_bytes() for name in names}

    def read(self, rng: Rng) -> str:
        from rematch.storage import Similarity, Store, read_embeddings, tables

        name = list(self._files)[int(rng.integers(0, 3))]
        path = self._folder / f"damaged.{name}"
        path.write_bytes(damaged(rng, self._files[name], [*self._files.values()], words=False))
        if name.endswith(".parquet"):
            tables.read(path, forms.IMAGES)
        elif name.startswith("similarity"):
            similarity = Similarity(path)
            for ids, _ in similarity.blocks():
                similarity.take(ids[::-1], similarity.gallery[::-1])
        else:
            read_embeddings(path)
            Store(path)
        return "kept"


class Downloads:
    """Servers of photos whose bodies and headers are damaged."""

    def __init__(self, folder: Path) -> None:
        from tests.loopback_photos import HTML, LoopbackPhotos, Reply, photo

        os.environ["NO_PROXY"] = "127.0.0.1"
        self._folder, self._count = folder, 0
        bodies = [photo("a").body, HTML.body]
        names = ("Content-Type", "Content-Encoding", "Location", "Retry-After", "Set-Cookie")

        def reply(rng: Rng) -> Reply:
            body = bodies[0 if rng.random() < 0.8 else 1]
            body = damaged(rng, body, bodies) if rng.random() < 0.6 else body
            headers = {}
            for name in names:
                if rng.random() < 0.1:
                    value = WORDS[int(rng.integers(0, len(WORDS)))].decode("latin-1")[:200]
                    headers[name] = value.replace("\n", "").replace("\r", "")
            status = int(rng.choice([200, 200, 200, 200, 301, 304, 404, 418, 429, 503, 999]))
            cut = int(rng.integers(0, len(body) + 1)) if rng.random() < 0.2 else None
            return Reply(body, status, headers, cut=cut)

        self._reply = reply
        self._rng = np.random.default_rng(0)
        self._server = LoopbackPhotos(lambda key, nth: self._reply(self._rng))
        self._server.__enter__()

    def read(self, rng: Rng) -> str:
        from rematch.corpus.downloading import DownloadOptions, download
        from rematch.corpus.photos import open_photo

        self._rng, self._count = rng, self._count + 1
        folder = self._folder / f"{self._count}"
        options = DownloadOptions(
            requests_per_second=2000.0, timeout_s=3.0, retries=1, backoff_s=0.01
        )
        report = download({"a": f"{self._server.url}a"}, folder, options)
        for path in folder.glob("a.*"):
            open_photo(path)
            return "kept"
        assert all(why.isprintable() for why in report.failed.values()), report
        return "refused"


KINDS: dict[str, type[Kind]] = {
    "photos": Photos,
    "corpora": Corpora,
    "memories": Memories,
    "configurations": Configurations,
    "checkpoints": Checkpoints,
    "results": Results,
    "downloads": Downloads,
}


class _TooLong(BaseException):
    pass


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(signum: int, frame: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(name: str, seed: int, first: int, count: int) -> dict[str, Any]:
    """Read `count` damaged files of a kind; the figures, and the faults."""
    came: Counter[str] = Counter()
    faults: list[str] = []
    slowest, quiet = 0.0, logging.getLogger()
    quiet.handlers[:] = [logging.NullHandler()]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        kind = KINDS[name](Path(folder))
        peak = peak_mb()
        for number in range(first, first + count):
            rng = np.random.default_rng([seed, number])
            started = time.monotonic()
            said = ""
            try:
                with _limited(SECONDS):
                    came[kind.read(rng)] += 1
            except UserError as error:
                came["refused"] += 1
                if not all(line.isprintable() for line in str(error).split("\n")):
                    said = f"not printable: {str(error)!r}"
            except _TooLong:
                said = f"longer than {SECONDS} s"
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)
                ours = [frame for frame in where if "rematch" in frame.filename] or list(where)
                place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
                said = f"{type(error).__name__} in {place}: {str(error)[:150]!r}"
                if isinstance(error, KeyboardInterrupt):
                    raise
            slowest = max(slowest, time.monotonic() - started)
            now = peak_mb()
            if now > max(MOST_MB, peak):
                said = said or f"{now} MB"
            peak = max(peak, now)
            if said:
                faults.append(f"{name} --seed {seed} --first {number} --count 1: {said}")
    figures = {"kind": name, "files": count, **came, "faults": len(faults)}
    return {**figures, "slowest_s": round(slowest, 2), "peak_mb": peak, "found": faults}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("kind", nargs="+", choices=KINDS)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    # What a fault would take more of is an error here, and not the end of the machine.
    resource.setrlimit(resource.RLIMIT_DATA, (8 * 2**30, 8 * 2**30))
    for name in options.kind:
        print(json.dumps(fuzz(name, options.seed, options.first, options.count)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
