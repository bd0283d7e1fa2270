"""Trains the demo's small CLIP from scratch on the corpus' training split.

    python resources/demo/train_clip.py --cache FOLDER

The model is OpenAI's own class (`clip.model.CLIP`), the loss its symmetric cross-entropy. A picture
is seen through CLIP's preprocessing; its text is an English caption of the scene (see
`demo_texts.caption`) cut at 5 to 25 words, short ones more often, as CLIP's own captions are short.
So a news snippet is longer than what the model has learned from, and holds background sentences
that no caption has. No scene of the test split is drawn or read here.

One thread, fixed seeds, deterministic algorithms: the same versions on the same kind of processor
give the same checkpoint.
"""

from __future__ import annotations

import argparse
import io
import logging
import math
import random
import sys
import time
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from demo_kinds import picture
from demo_pictures import QUALITY
from demo_texts import caption
from demo_world import Scene, draw_split
from rematch.outside import load_clip_module
from rematch.storage import replacing, sha256_of

HERE = Path(__file__).resolve().parent
clip = load_clip_module()

log = logging.getLogger("train_clip")

ARTICLES = {"a", "an", "the"}
CONTEXT = 77
VOCABULARY = 49408


@dataclass(frozen=True)
class Recipe:
    """All that decides the checkpoint."""

    seed: int = 20211213
    size: int = 20000
    epochs: float = 10.0
    batch: int = 256
    rate: float = 1.5e-3
    decay: float = 0.1
    warmup: int = 100
    resolution: int = 72
    patch: int = 12
    vision_width: int = 128
    vision_layers: int = 4
    text_width: int = 64
    text_layers: int = 3
    embedding: int = 128
    fewest_words: int = 5
    most_words: int = 25
    shortness: float = 1.5
    """A text's words are fewest + (most - fewest) u**shortness, u uniform: 1 has no preference."""
    variants: int = 4
    """Captions of each scene, one of which is read at a time."""
    bare: float = 0.5
    """Share of captions that lose their articles, as cleaned texts do."""
    shift: int = 3
    """A picture is moved by up to so many pixels each way."""


def see(task: tuple[Scene, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A scene's picture as CLIP's preprocessing crops it, after JPEG: (3, n, n) bytes."""
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

    scene, resolution = task
    buffer = io.BytesIO()
    picture(scene).save(buffer, "JPEG", quality=QUALITY)
    crop = Compose([Resize(resolution, InterpolationMode.BICUBIC), CenterCrop(resolution)])
    with Image.open(buffer) as image:
        return np.asarray(crop(image.convert("RGB"))).transpose(2, 0, 1)


def pictures(scenes: list[Scene], resolution: int, jobs: int, cache: Path) -> torch.Tensor:
    """The scenes' pictures, (scenes, 3, n, n) bytes, kept in `cache` for another run."""
    file = cache / f"train-{len(scenes)}-{resolution}.npy"
    if not file.exists():
        started = time.monotonic()
        with Pool(jobs) as pool:
            tasks = [(scene, resolution) for scene in scenes]
            array = np.stack(pool.map(see, tasks, chunksize=100))
        with replacing(file) as beside, beside.open("wb") as handle:
            np.save(handle, array)
        log.info("%d pictures drawn in %.0f s", len(array), time.monotonic() - started)
    return torch.from_numpy(np.load(file))


@dataclass
class Texts:
    """Several captions of each scene, and each word's tokens, numbered among the used ones."""

    captions: list[list[list[str]]]
    tokens: dict[str, list[int]]
    used: list[int]

    def cut(self, rows: list[int], rng: random.Random, recipe: Recipe) -> list[list[int]]:
        """One caption of each scene in `rows`, cut at random, as tokens with the two marks."""
        start, end = len(self.used) - 2, len(self.used) - 1
        captions = []
        for row in rows:
            words = rng.choice(self.captions[row])
            if rng.random() < recipe.bare:
                words = [word for word in words if word.lower() not in ARTICLES]
            spread = recipe.most_words - recipe.fewest_words
            length = recipe.fewest_words + int(spread * rng.random() ** recipe.shortness + 0.5)
            tokens = [token for word in words[:length] for token in self.tokens[word]]
            captions.append([start, *tokens[: CONTEXT - 2], end])
        return captions


def encode_texts(model: Any, captions: list[list[int]], parts: int = 4) -> torch.Tensor:
    """The captions' embeddings, (captions, embedding), L2-normalised.

    Captions of like length are encoded together: the text tower is causal, so padding after a
    caption's end changes nothing and only costs time.
    """
    order = sorted(range(len(captions)), key=lambda row: (len(captions[row]), row))
    rows_a_part = math.ceil(len(order) / parts)
    found = []
    for first in range(0, len(order), rows_a_part):
        part = [captions[row] for row in order[first : first + rows_a_part]]
        padded = torch.zeros(len(part), len(part[-1]), dtype=torch.long)
        for place, tokens in enumerate(part):
            padded[place, : len(tokens)] = torch.tensor(tokens)
        found.append(model.encode_text(padded).float())
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.nn.functional.normalize(torch.cat(found)[back], dim=1)


def tokenise(scenes: list[Scene], variants: int) -> Texts:
    """`variants` captions of each scene as CLIP's tokens, word by word."""
    encode = clip.clip._tokenizer.encode
    known: dict[str, list[int]] = {}
    captions = []
    for scene in scenes:
        several = [caption(scene, number).split() for number in range(variants)]
        for word in (word for words in several for word in words):
            if word not in known:
                known[word] = encode(word)
        captions.append(several)
    # Padding is 0 and the two marks are CLIP's highest numbers: sorted, they stay first and last.
    marks = {0, VOCABULARY - 2, VOCABULARY - 1}
    used = sorted({token for part in known.values() for token in part} | marks)
    place = {token: number for number, token in enumerate(used)}
    parts = {word: [place[token] for token in part] for word, part in known.items()}
    return Texts(captions, parts, used)


def train(recipe: Recipe, cache: Path, jobs: int) -> dict[str, torch.Tensor]:
    """Train by `recipe`; the state dict in half precision, as OpenAI's checkpoints are."""
    torch.manual_seed(recipe.seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    rng = random.Random(recipe.seed)
    scenes = draw_split("train", recipe.size)
    images = pictures(scenes, recipe.resolution, jobs, cache)
    texts = tokenise(scenes, recipe.variants)
    full = torch.nn.init.normal_(torch.empty(VOCABULARY, recipe.text_width), std=0.02)
    model = clip.model.CLIP(
        recipe.embedding,
        recipe.resolution,
        recipe.vision_layers,
        recipe.vision_width,
        recipe.patch,
        CONTEXT,
        len(texts.used),
        recipe.text_width,
        recipe.text_width // 64,
        recipe.text_layers,
    )
    flat = [p for p in model.parameters() if p.ndim < 2]
    flat += [model.token_embedding.weight, model.positional_embedding]
    kept = {id(p) for p in flat}
    deep = [p for p in model.parameters() if id(p) not in kept]
    groups = [{"params": deep, "weight_decay": recipe.decay}, {"params": flat, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98), eps=1e-6)
    mean = torch.tensor((0.48145466, 0.4578275, 0.40821073)).view(3, 1, 1) * 255
    deviation = torch.tensor((0.26862954, 0.26130258, 0.27577711)).view(3, 1, 1) * 255
    steps_an_epoch = recipe.size // recipe.batch
    steps = int(recipe.epochs * steps_an_epoch)
    target = torch.arange(recipe.batch)
    order: list[int] = []
    started = time.monotonic()
    running = 0.0
    for step in range(steps):
        if len(order) < recipe.batch:
            order = rng.sample(range(recipe.size), recipe.size)
        rows, order = order[: recipe.batch], order[recipe.batch :]
        batch = images[rows]
        if recipe.shift:
            padded = torch.nn.functional.pad(batch, [recipe.shift] * 4, mode="replicate")
            down, right = (rng.randint(0, 2 * recipe.shift) for _ in range(2))
            edge = recipe.resolution
            batch = padded[:, :, down : down + edge, right : right + edge]
        share = (step + 1) / recipe.warmup
        decline = (1 + math.cos(math.pi * step / steps)) / 2
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * min(share, decline + 0.01)
        with torch.autocast("cpu", torch.bfloat16):
            seen = model.encode_image((batch.float() - mean) / deviation).float()
            read = encode_texts(model, texts.cut(rows, rng, recipe))
        seen = torch.nn.functional.normalize(seen, dim=1)
        logits = model.logit_scale.exp() * seen @ read.T
        loss = (
            torch.nn.functional.cross_entropy(logits, target)
            + torch.nn.functional.cross_entropy(logits.T, target)
        ) / 2
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        running += loss.item()
        if (step + 1) % 50 == 0:
            seconds = time.monotonic() - started
            log.info(
                "step %d of %d, loss %.3f, scale %.1f, %.0f s",
                step + 1, steps, running / 50, model.logit_scale.exp().item(), seconds,
            )  # fmt: skip
            running = 0.0
    state = model.state_dict()
    # Tokens that the corpus never uses keep their first random vectors, as in any vocabulary.
    full[texts.used] = state["token_embedding.weight"]
    state["token_embedding.weight"] = full
    return {name: value.detach().half().contiguous() for name, value in state.items()}


def save(state: dict[str, torch.Tensor], path: Path) -> str:
    """Write the checkpoint; its SHA-256."""
    # Through memory, for torch writes the file's own name into the archive.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with replacing(path) as beside:
        beside.write_bytes(buffer.getvalue())
    return sha256_of(path)


def main(arguments: list[str] | None = None) -> None:
    """The command line; every field of `Recipe` is an option."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=HERE / "clip-demo.pt")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the drawn pictures")
    parser.add_argument("--jobs", type=int, default=1, help="processes that draw (default: 1)")
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    out, cache, jobs = given.pop("out"), given.pop("cache"), given.pop("jobs")
    recipe = Recipe(**given)
    log.info("%s", recipe)
    digest = save(train(recipe, cache, jobs), out)
    log.info("%s: %d bytes, SHA-256 %s", out, out.stat().st_size, digest)


if __name__ == "__main__":
    main()
