"""A tiny CLIP and a tiny corpus, for tests that need real ones but not large ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from rematch.forms import Embeddings

HEADER = ["article", "aid", "url", "img", "iid", "hashvalue", "title", "text", "imgFile"]

THINGS = {
    "Feuer": "fire",
    "Hafen": "harbour",
    "Stadion": "stadium",
    "Brücke": "bridge",
    "Schiff": "ship",
    "Bürgermeister": "mayor",
    "Regen": "rain",
    "Zug": "train",
    "Köln": "Köln",
    "Merkel": "Merkel",
}


def make_clip(path: Path, seed: int = 7) -> Path:
    """Write a CLIP in OpenAI's architecture with random weights, as a plain state dict."""
    import torch

    from rematch.outside.openai_clip import load_clip_module

    clip = load_clip_module()
    torch.manual_seed(seed)
    model = clip.model.CLIP(
        embed_dim=16,
        image_resolution=32,
        vision_layers=2,
        vision_width=64,
        vision_patch_size=16,
        context_length=77,
        vocab_size=49408,
        transformer_width=64,
        transformer_heads=1,
        transformer_layers=2,
    )
    torch.save({key: value.half() for key, value in model.state_dict().items()}, path)
    return path


def make_corpus(folder: Path, n: int = 14, seed: int = 0) -> list[dict[str, str]]:
    """Write articles.tsv (2021 training layout), images/ and translations.tsv; return the rows."""
    rng = np.random.default_rng(seed)
    rows, memory = [], {}
    (folder / "images").mkdir(parents=True, exist_ok=True)
    german, english = list(THINGS), list(THINGS.values())
    for i in range(n):
        picked = rng.integers(0, len(german), size=12)
        parts = {"title": picked[:4], "text": picked[4:]}
        row = dict.fromkeys(HEADER, "")
        for part, words in parts.items():
            row[part] = f"Nr. {i} " + " ".join(german[w] for w in words) + "."
            memory[row[part]] = f"No. {i} " + " ".join(english[w] for w in words) + "."
        row |= {"article": str(9000 + i), "iid": f"photo{i}", "imgFile": f"photo{i}.png"}
        pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / row["imgFile"])
        rows.append(row)
    write_articles(folder / "articles.tsv", rows)
    lines = ["source\ttarget", *(f"{source}\t{target}" for source, target in memory.items())]
    (folder / "translations.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return rows


def make_photos(folder: Path, n: int, seed: int = 0) -> list[dict[str, str]]:
    """Write n small PNGs of noise of various sizes; rows of `forms.IMAGES`, ids p0, p1, ...."""
    from rematch.corpus.photos import open_photo, pixels_digest

    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        size = (int(rng.integers(30, 90)), int(rng.integers(30, 90)))
        path = folder / f"{i}.png"
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
        digest = pixels_digest(open_photo(path))
        rows.append({"image_id": f"p{i}", "file": str(path), "digest": digest})
    return rows


def write_embeddings(embeddings: Embeddings, path: Path) -> None:
    """Write embeddings that are in memory, as one block."""
    from rematch.storage import Vectors, write_vectors

    blocks = [(embeddings.ids, embeddings.vectors)]
    write_vectors(Vectors(embeddings.vectors.shape[1], embeddings.metadata, blocks), path)


def write_articles(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows in the 2021 training layout."""
    lines = ["\t".join(HEADER), *("\t".join(row[name] for name in HEADER) for row in rows)]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
