"""Those who encode in benchmarks/encoding.py, and what they encode with and encode.

Each gets the same weights and gives embeddings of length 1. The libraries are used as their own
examples use them. All imports that take memory are within functions: a contestant's process is to
hold its own library only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

BATCH = 32
WORDS = (10, 20, 30, 40)
"""The paper's word counts."""
PEER = "OpenAI's clip"

# embed_dim, image_resolution, vision_layers, vision_width, vision_patch_size, context_length,
# vocab_size, transformer_width, transformer_heads, transformer_layers
VIT_B_32 = (512, 224, 12, 768, 32, 77, 49408, 512, 8, 12)
SMALL = (256, 112, 6, 384, 16, 77, 49408, 256, 4, 6)


class Given(NamedTuple):
    """What a contestant is told; `part` is what it will encode, "texts" or "photos"."""

    folder: Path
    device: str
    threads: int
    part: str


Encode = Callable[[list[str]], np.ndarray]
"""Texts, or paths of photos -> embeddings."""


def rematch(given: Given, precision: str, decode: str = "exact") -> Encode:
    from rematch import forms
    from rematch.embed import ModelSpec, encode_photos, encode_texts, load

    place: Any = {"device": given.device, "threads": given.threads}
    path = given.folder / "vit.pt"
    encoder = load(
        ModelSpec("openai", path, precision=precision, decode=decode, **place), [given.part]
    )

    def texts(lines: list[str]) -> np.ndarray:
        rows = [{"article_id": str(i), "query": line} for i, line in enumerate(lines)]
        return encode_texts(forms.from_rows(rows, forms.QUERIES), encoder).vectors

    def photos(files: list[str]) -> np.ndarray:
        rows = [{"image_id": str(i), "file": f, "digest": f} for i, f in enumerate(files)]
        return encode_photos(forms.from_rows(rows, forms.IMAGES), encoder, given.threads).vectors

    return texts if given.part == "texts" else photos


def openai_clip(given: Given) -> Encode:
    import torch

    from rematch.outside import load_clip_module

    clip = load_clip_module()
    model, preprocess = clip.load(str(given.folder / "vit.pt"), device=given.device)

    def texts(batch: list[str]) -> Any:
        return model.encode_text(clip.tokenize(batch, truncate=True).to(given.device))

    def photos(batch: list[str]) -> Any:
        pixels = torch.stack([preprocess(Image.open(path)) for path in batch])
        return model.encode_image(pixels.to(given.device))

    return looped(texts if given.part == "texts" else photos)


def open_clip(given: Given) -> Encode:
    import torch

    from rematch.outside import import_torchvision

    import_torchvision()
    import open_clip

    name, weights = "ViT-B-32-quickgelu", str(given.folder / "vit.pt")
    model, _, preprocess = open_clip.create_model_and_transforms(name, pretrained=weights)
    model = model.eval().to(given.device)
    tokenizer = open_clip.get_tokenizer(name)

    def texts(batch: list[str]) -> Any:
        return model.encode_text(tokenizer(batch).to(given.device))

    def photos(batch: list[str]) -> Any:
        pixels = torch.stack([preprocess(Image.open(path)) for path in batch])
        return model.encode_image(pixels.to(given.device))

    return looped(texts if given.part == "texts" else photos, half_on=given.device)


def transformers(given: Given) -> Encode:
    from rematch.outside import import_torchvision

    import_torchvision()
    from transformers import CLIPModel, CLIPProcessor

    model = CLIPModel.from_pretrained(given.folder / "hf").eval().to(given.device)
    processor = CLIPProcessor.from_pretrained(given.folder / "hf")

    def texts(batch: list[str]) -> Any:
        ids = processor(text=batch, return_tensors="pt", padding=True, truncation=True)
        return model.get_text_features(**ids.to(given.device)).pooler_output

    def photos(batch: list[str]) -> Any:
        pixels = processor(images=[Image.open(path) for path in batch], return_tensors="pt")
        return model.get_image_features(**pixels.to(given.device)).pooler_output

    return looped(texts if given.part == "texts" else photos, half_on=given.device)


def sentence_transformers(given: Given) -> Encode:
    from rematch.outside import import_torchvision

    import_torchvision()
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(given.folder / "hf"), device=given.device)
    texts = partial(
        model.encode, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
    )

    def photos(files: list[str]) -> Any:
        return texts([Image.open(path) for path in files])

    return texts if given.part == "texts" else photos


def looped(encode: Callable[[list[str]], Any], half_on: str = "") -> Encode:
    """Batch after batch, with autocast to half precision where that device is a GPU."""
    import torch

    @torch.inference_mode()
    def whole(items: list[str]) -> np.ndarray:
        parts = []
        for start in range(0, len(items), BATCH):
            with torch.autocast("cuda", torch.float16, enabled=half_on == "cuda"):
                found = encode(items[start : start + BATCH]).float()
            parts.append((found / found.norm(dim=-1, keepdim=True)).cpu())
        return torch.cat(parts).numpy()

    return whole


CONTESTANTS: dict[str, Callable[[Given], Encode]] = {
    PEER: openai_clip,
    "open_clip": open_clip,
    "transformers": transformers,
    "sentence-transformers": sentence_transformers,
    "float32": partial(rematch, precision="float32"),
    "bfloat16": partial(rematch, precision="bfloat16"),
    "bfloat16, decode fast": partial(rematch, precision="bfloat16", decode="fast"),
    "float16": partial(rematch, precision="float16"),
}


def make_clip(path: Path, shape: tuple[int, ...]) -> None:
    """Write a CLIP as OpenAI built it, with random weights in half precision."""
    import torch

    from rematch.outside import load_clip_module

    torch.manual_seed(0)
    weights = load_clip_module().model.CLIP(*shape).state_dict()
    torch.save({key: value.half() for key, value in weights.items()}, path)


def make_models(folder: Path) -> None:
    """ViT-B/32 with random weights for OpenAI's `clip`, and the same for transformers."""
    make_clip(folder / "vit.pt", VIT_B_32)
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    from rematch.outside import load_clip_module

    model = CLIPModel(CLIPConfig())  # ViT-B/32 by default
    model.load_state_dict(dict(renamed(torch.load(folder / "vit.pt"))))
    model.save_pretrained(folder / "hf")
    words = load_clip_module().simple_tokenizer.SimpleTokenizer()
    tokenizer = CLIPTokenizer(
        vocab=words.encoder, merges=list(words.bpe_ranks), model_max_length=77
    )
    CLIPProcessor(CLIPImageProcessor(), tokenizer).save_pretrained(folder / "hf")


NAMES = {
    "visual.transformer.resblocks": "vision_model.encoder.layers",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1": "vision_model.embeddings.patch_embedding",
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "visual.proj": "visual_projection.weight",
    "transformer.resblocks": "text_model.encoder.layers",
    "token_embedding": "text_model.embeddings.token_embedding",
    "ln_final": "text_model.final_layer_norm",
    "text_projection": "text_projection.weight",
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}


def renamed(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Weights of OpenAI's CLIP under the names that transformers has for them."""
    for name, value in state.items():
        if name == "positional_embedding":
            yield "text_model.embeddings.position_embedding.weight", value
        elif "attn.in_proj_" in name:
            start, kind = _new(name).split("attn.in_proj_")
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                yield f"{start}self_attn.{letter}_proj.{kind}", part
        else:
            yield _new(name), value.T if name in ("text_projection", "visual.proj") else value


def _new(name: str) -> str:
    for old, new in NAMES.items():
        name = name.replace(old, new)
    return name


def news(n: int, language: str = "en") -> list[str]:
    """Texts of 20 to 60 common words, as long as cleaned news snippets (median 44)."""
    from wordfreq import top_n_list

    rng = np.random.default_rng(0)
    words = np.array(top_n_list(language, 5000, ascii_only=True))
    lengths = np.clip(rng.normal(44, 8, size=n).astype(int), 20, 60)
    return [" ".join(words[rng.integers(0, len(words), size=length)]) for length in lengths]


def sweep(n: int) -> list[str]:
    """n articles at the paper's four word counts, one count after the other."""
    texts = [text.split() for text in news(n)]
    return [" ".join(text[:words]) for words in WORDS for text in texts]


def make_photos(folder: Path, n: int, width: int = 1000, height: int = 700) -> list[str]:
    """Paths of n JPEGs of coarse noise."""
    rng = np.random.default_rng(1)
    paths = [folder / f"photo{i}.jpg" for i in range(n)]
    for path in paths:
        small = rng.integers(0, 256, (height // 10, width // 10, 3), dtype=np.uint8)
        Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return [str(path) for path in paths]
