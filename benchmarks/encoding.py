"""Encoding against OpenAI's own loop, in the same run: ViT-B/32's architecture, random weights.

    PYTHONPATH=workflow/scripts .venv/bin/python benchmarks/encoding.py [--articles N] [--photos M]

Texts: the paper's four word counts of N articles, as four runs of this project (each distinct text
once, at its own length) against `clip.tokenize` and `encode_text` in batches of 32. Photos: M
JPEGs of 1000 x 700. Float32, two threads each; medians of paired runs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from rematch import tables
from rematch.encode import TILE, encode_photos, encode_texts
from rematch.models import ModelSpec, load
from rematch.openai_clip import load_clip_module
from rematch.photos import open_photo, pixels_digest
from rematch.words import first_words

THREADS = 2
WORDS = (10, 20, 30, 40)


def checkpoint(path: Path) -> Path:
    """ViT-B/32 as OpenAI built it, with random weights."""
    clip = load_clip_module()
    torch.manual_seed(0)
    model = clip.model.CLIP(512, 224, 12, 768, 32, 77, 49408, 512, 8, 12)
    torch.save({key: value.half() for key, value in model.state_dict().items()}, path)
    return path


def news(n: int) -> list[str]:
    """Texts of 20 to 60 common words, as long as cleaned news snippets (median 44)."""
    from wordfreq import top_n_list

    rng = np.random.default_rng(0)
    words = np.array(top_n_list("en", 5000, ascii_only=True))
    lengths = np.clip(rng.normal(44, 8, size=n).astype(int), 20, 60)
    return [" ".join(words[rng.integers(0, len(words), size=length)]) for length in lengths]


def timed(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def report(what: str, n: int, pairs: list[tuple[float, float]]) -> None:
    mine, other = ([pair[side] for pair in pairs] for side in (0, 1))
    ratio = statistics.median(b / a for a, b in zip(mine, other, strict=True))
    ours, theirs = n / statistics.median(mine), n / statistics.median(other)
    print(f"{what}: {ours:.1f}/s; OpenAI's loop: {theirs:.1f}/s; ratio {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--photos", type=int, default=96)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    clip = load_clip_module()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoder = load(ModelSpec("openai", checkpoint(folder / "vit.pt"), threads=THREADS))
        model, preprocess = clip.load(str(folder / "vit.pt"), device="cpu")

        texts = news(given.articles)
        sweep = [[first_words(text, n) for text in texts] for n in WORDS]

        def ours() -> None:
            for run in sweep:
                rows = [{"article_id": str(i), "query": text} for i, text in enumerate(run)]
                encode_texts(tables.from_rows(rows, tables.QUERIES), encoder)

        @torch.inference_mode()
        def theirs() -> None:
            for run in sweep:
                for start in range(0, len(run), TILE):
                    model.encode_text(clip.tokenize(run[start : start + TILE], truncate=True))

        pairs = [(timed(ours), timed(theirs)) for _ in range(given.runs + 1)][1:]
        report("texts, four word counts", len(WORDS) * len(texts), pairs)

        rng = np.random.default_rng(1)
        rows = []
        for i in range(given.photos):
            small = rng.integers(0, 256, (70, 100, 3), dtype=np.uint8)
            path = folder / f"{i}.jpg"
            Image.fromarray(small).resize((1000, 700), Image.Resampling.BICUBIC).save(path)
            digest = pixels_digest(open_photo(path))
            rows.append({"image_id": str(i), "file": str(path), "digest": digest})
        images = tables.from_rows(rows, tables.IMAGES)

        def ours_photos() -> None:
            encode_photos(images, encoder, THREADS)

        @torch.inference_mode()
        def theirs_photos() -> None:
            for start in range(0, len(rows), TILE):
                batch = [preprocess(Image.open(row["file"])) for row in rows[start : start + TILE]]
                model.encode_image(torch.stack(batch))

        pairs = [(timed(ours_photos), timed(theirs_photos)) for _ in range(given.runs + 1)][1:]
        report("photos, 1000 x 700 JPEG", len(rows), pairs)


if __name__ == "__main__":
    main()
