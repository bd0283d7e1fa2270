"""Embeddings against OpenAI's own loop, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from rematch import tables
from rematch.encode import TILE, encode_photos, encode_texts
from rematch.errors import UserError
from rematch.models import ModelSpec, load
from rematch.openai_clip import load_clip_module
from tests.tiny import make_photos

WORDS = ["fire", "harbour", "stadium", "night", "two", "ships", "rain", "mayor", "flood"]


def texts(n, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 30))) for _ in range(n)]


def queries(items):
    return tables.from_rows(
        [{"article_id": name, "query": text} for name, text in items], tables.QUERIES
    )


def spec(path, **changes):
    return ModelSpec(backend="openai", checkpoint=path, **changes)


@pytest.fixture(scope="module")
def encoder(tiny_clip):
    return load(spec(tiny_clip))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_texts_equal_openais_loop(tiny_clip, precision):
    clip = load_clip_module()
    model, _ = clip.load(str(tiny_clip), device="cpu")
    lines = texts(TILE + 5)
    theirs = model.encode_text(clip.tokenize(lines)).detach().numpy().astype(np.float64)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    encoder = load(spec(tiny_clip, precision=precision))
    ours = encode_texts(queries([(f"a{i}", t) for i, t in enumerate(lines)]), encoder)
    assert ours.ids == tuple(f"a{i}" for i in range(TILE + 5))
    np.testing.assert_allclose(ours.vectors, theirs, atol=1e-5)
    assert ours.metadata["precision"] == precision


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_photos_equal_openais_loop(tiny_clip, tmp_path, precision):
    import torch

    clip = load_clip_module()
    model, preprocess = clip.load(str(tiny_clip), device="cpu")
    rows = make_photos(tmp_path, TILE + 3)
    batch = torch.stack([preprocess(Image.open(row["file"])) for row in rows])
    theirs = model.encode_image(batch).detach().numpy().astype(np.float64)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    images = tables.from_rows(rows, tables.IMAGES)
    ours = encode_photos(images, load(spec(tiny_clip, precision=precision)))
    np.testing.assert_allclose(ours.vectors, theirs, atol=1e-5)


def test_short_contexts_give_the_embedding_of_the_full_one(tiny_clip):
    clip = load_clip_module()
    model, _ = clip.load(str(tiny_clip), device="cpu")
    encoder = load(spec(tiny_clip))
    for n in (1, 13, 14, 15, 29, 30, 31, 60, 75, 76, 90):
        text = " ".join(["fire"] * n)
        tokens = encoder.tokenize(text)
        assert tokens.length == min(-(-(min(n, 75) + 2) // 16) * 16, 77)
        assert tokens.cut == (n > 75)
        theirs = model.encode_text(clip.tokenize(text, truncate=True)).detach().numpy()[0]
        ours = encode_texts(queries([("a", text)]), encoder).vectors[0]
        np.testing.assert_allclose(ours, theirs / np.linalg.norm(theirs), atol=1e-6)


def test_embedding_does_not_depend_on_company_order_or_threads(encoder, tmp_path):
    rows = make_photos(tmp_path, TILE + 9)
    everything = encode_photos(tables.from_rows(rows, tables.IMAGES), encoder)
    alone = encode_photos(tables.from_rows(rows[:1], tables.IMAGES), encoder)
    backwards = encode_photos(tables.from_rows(rows[::-1], tables.IMAGES), encoder, threads=3)
    assert backwards.vectors[::-1].tobytes() == everything.vectors.tobytes()
    assert alone.vectors[0].tobytes() == everything.vectors[0].tobytes()

    lines = [(f"a{i}", text) for i, text in enumerate(texts(TILE + 9, seed=1))]
    everything = encode_texts(queries(lines), encoder)
    alone = encode_texts(queries(lines[3:4]), encoder)
    backwards = encode_texts(queries(lines[::-1]), encoder)
    assert backwards.vectors[::-1].tobytes() == everything.vectors.tobytes()
    assert alone.vectors[0].tobytes() == everything.vectors[3].tobytes()


def test_equal_photos_and_texts_share_one_vector(encoder, tmp_path):
    rows = make_photos(tmp_path, 3)
    twin = {**rows[1], "image_id": "twin"}
    found = encode_photos(tables.from_rows([*rows, twin], tables.IMAGES), encoder)
    assert found.vectors[3].tobytes() == found.vectors[1].tobytes()
    found = encode_texts(queries([("a", "fire"), ("b", "flood"), ("c", "fire")]), encoder)
    assert found.vectors[0].tobytes() == found.vectors[2].tobytes()
    assert found.vectors[0].tobytes() != found.vectors[1].tobytes()


def test_vectors_have_length_one(encoder):
    found = encode_texts(queries([(str(i), t) for i, t in enumerate(texts(40))]), encoder)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)


def test_texts_over_the_context_are_cut_and_counted(encoder):
    exact = " ".join(["fire"] * 75)  # 75 tokens and the two that begin and end it
    found = encode_texts(
        queries([("short", "fire"), ("exact", exact), ("long", exact + " fire flood")]), encoder
    )
    assert found.metadata["cut"] == "1"
    assert found.vectors[1].tobytes() == found.vectors[2].tobytes()


def test_an_empty_gallery_says_where_to_look(encoder):
    with pytest.raises(UserError, match="no photo to encode"):
        encode_photos(tables.from_rows([], tables.IMAGES), encoder)


def test_an_empty_text_is_encoded_like_any_other(encoder):
    found = encode_texts(queries([("a", "")]), encoder)
    assert np.isfinite(found.vectors).all()


def test_bad_checkpoints_end_in_one_line(tiny_clip, tmp_path):
    with pytest.raises(UserError, match="no such checkpoint"):
        load(spec(tmp_path / "none.pt"))
    broken = tmp_path / "broken.pt"
    broken.write_bytes(tiny_clip.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"broken\.pt: clip\.load cannot read"):
        load(spec(broken))
    text = tmp_path / "text.pt"
    text.write_text("not a checkpoint")
    with pytest.raises(UserError, match=r"text\.pt: clip\.load cannot read"):
        load(spec(text))


def test_an_unknown_model_name_lists_the_known_ones():
    with pytest.raises(UserError, match="ViT-B/32"):
        load(ModelSpec(backend="openai", name="ViT-B/31"))


def test_identity_is_the_checkpoints_sha256(encoder, tiny_clip):
    import hashlib

    sha = hashlib.sha256(tiny_clip.read_bytes()).hexdigest()
    assert encoder.identity["checkpoint_sha256"] == sha
