"""Embeddings against OpenAI's own loop, and what must not change them."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from rematch import forms
from rematch.embed.encoding import (
    CUT,
    encode_photos,
    encode_texts,
    kept,
    made_by,
    missing_texts,
    photo_embeddings,
    photo_vectors,
    text_embeddings,
    text_key,
    text_vectors,
)
from rematch.embed.models import ModelSpec, load
from rematch.embed.models.encoder import TILE
from rematch.errors import UserError
from rematch.forms import Embeddings
from rematch.outside.openai_clip import load_clip_module
from rematch.storage.embeddings import Vectors, gathered, write_vectors
from tests.tiny import make_photos

WORDS = ["fire", "harbour", "stadium", "night", "two", "ships", "rain", "mayor", "flood"]


def texts(n, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 30))) for _ in range(n)]


def queries(items):
    return forms.from_rows(
        [{"article_id": name, "query": text} for name, text in items], forms.QUERIES
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
    images = forms.from_rows(rows, forms.IMAGES)
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


@settings(deadline=None)
@given(
    st.lists(
        st.text(max_size=12)
        | st.sampled_from([*WORDS, "it's", "U.S.", "100%", "&amp;", "<|endoftext|>", "Köln"])
    ).map(" ".join)
)
def test_tokens_are_openais(encoder, text):
    want = load_clip_module().tokenize(text, truncate=True)[0].tolist()
    tokens = encoder.tokenize(text)
    assert tokens.path == tuple(want[: want.index(max(want)) + 1])
    assert tokens.ids.tolist() == want[: tokens.length]
    assert set(want[tokens.length :]) <= {0} or "<|endoftext|>" in text


def test_embedding_does_not_depend_on_company_order_or_threads(encoder, tmp_path):
    rows = make_photos(tmp_path, TILE + 9)
    everything = encode_photos(forms.from_rows(rows, forms.IMAGES), encoder)
    alone = encode_photos(forms.from_rows(rows[:1], forms.IMAGES), encoder)
    backwards = encode_photos(forms.from_rows(rows[::-1], forms.IMAGES), encoder, threads=3)
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
    found = encode_photos(forms.from_rows([*rows, twin], forms.IMAGES), encoder)
    assert found.vectors[3].tobytes() == found.vectors[1].tobytes()
    found = encode_texts(queries([("a", "fire"), ("b", "flood"), ("c", "fire")]), encoder)
    assert found.vectors[0].tobytes() == found.vectors[2].tobytes()
    assert found.vectors[0].tobytes() != found.vectors[1].tobytes()


def test_vectors_have_length_one(encoder):
    found = encode_texts(queries([(str(i), t) for i, t in enumerate(texts(40))]), encoder)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)


def test_texts_over_the_context_are_cut_and_counted(encoder, caplog):
    caplog.set_level(logging.INFO)
    exact = " ".join(["fire"] * 75)  # 75 tokens and the two that begin and end it
    found = encode_texts(
        queries([("short", "fire"), ("exact", exact), ("long", exact + " fire flood")]), encoder
    )
    assert "cut to the model's context: 1 of the texts" in caplog.text
    assert found.vectors[1].tobytes() == found.vectors[2].tobytes()


def test_an_empty_gallery_says_where_to_look(encoder):
    with pytest.raises(UserError, match="no photo to encode"):
        encode_photos(forms.from_rows([], forms.IMAGES), encoder)


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


class Counting:
    """A model that counts what goes through it, and how often it was loaded."""

    def __init__(self, path):
        self.path, self.loaded, self.texts, self.photos = path, 0, 0, 0

    def __call__(self):
        self.loaded += 1
        encoder = load(spec(self.path))
        tokenize, preprocess = encoder.tokenize, encoder.preprocess

        def counted_text(text):
            self.texts += 1
            return tokenize(text)

        def counted_photo(photo):
            self.photos += 1
            return preprocess(photo)

        encoder.tokenize, encoder.preprocess = counted_text, counted_photo
        return encoder


def stored(vectors, path, maker="me"):
    write_vectors(vectors, path)
    return kept(path, maker)


def test_known_texts_are_not_encoded_again(tiny_clip, tmp_path):
    lines, path = sorted(set(texts(40))), tmp_path / "vectors.arrow"
    model = Counting(tiny_clip)
    first = stored(text_vectors(lines[:30] * 2, None, model, "me"), path)
    assert (model.loaded, model.texts, len(first.keys)) == (1, 30, 30)
    again = stored(text_vectors(lines[5:30], first, model, "me"), path)
    assert (model.loaded, model.texts) == (1, 30)
    assert again.keys == first.keys  # what nobody asks for now may be asked for again
    more = stored(text_vectors(lines, again, model, "me"), path)
    assert (model.loaded, model.texts) == (2, len(lines))
    whole = gathered(text_vectors(lines, None, model, "me"))
    keys = [text_key(line) for line in lines]
    assert more.take(keys).tobytes() == whole.take(keys).tobytes()


def test_known_photos_are_not_encoded_again(tiny_clip, tmp_path):
    rows, path = make_photos(tmp_path, 12), tmp_path / "vectors.arrow"
    some, every = (forms.from_rows(part, forms.IMAGES) for part in (rows[:9], rows))
    model = Counting(tiny_clip)
    first = stored(photo_vectors(some, None, model, 1, "me"), path)
    assert (model.loaded, model.photos) == (1, 9)
    for row in rows[:9]:
        Path(row["file"]).unlink()  # not even opened
    more = stored(photo_vectors(every, first, model, 2, "me"), path)
    assert (model.loaded, model.photos) == (2, 12)
    found = gathered(photo_embeddings(every, more))
    assert found.ids == tuple(row["image_id"] for row in rows)
    assert found.vectors[:9].tobytes() == gathered(photo_embeddings(some, first)).vectors.tobytes()


def test_what_another_model_code_or_package_made_is_not_known(tiny_clip, tmp_path):
    path, model = tmp_path / "vectors.arrow", Counting(tiny_clip)
    store = stored(text_vectors(["fire"], None, model, "me"), path)
    assert kept(path, "somebody else") is None
    assert kept(tmp_path / "none.arrow", "me") is None
    (tmp_path / "bad.arrow").write_bytes(path.read_bytes()[:200])
    assert kept(tmp_path / "bad.arrow", "me") is None
    # The same maker on another device.
    moved = gathered(text_vectors(["fire"], store, model, "me"))
    write_vectors(
        Vectors(
            moved.width,
            {**moved.metadata, "device": "cuda"},
            [(moved.ids, np.zeros_like(moved.vectors))],
        ),
        path,
    )
    found = gathered(text_vectors(["fire", "flood"], kept(path, "me"), model, "me"))
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    assert len(found.ids) == 2


def test_embeddings_are_taken_from_the_sweeps_vectors(tiny_clip, tmp_path):
    model = Counting(tiny_clip)
    asked = queries([("a", "fire"), ("b", "flood"), ("c", "fire"), ("d", "rain")])
    assert missing_texts(asked, None)
    few = stored(text_vectors(["rain", "fire"], None, model, "me"), tmp_path / "few.arrow")
    assert missing_texts(asked, few)
    lines = ["rain", "flood", "fire", "night"]
    store = stored(text_vectors(lines, few, model, "me"), tmp_path / "all.arrow")
    assert not missing_texts(asked, store)
    found = gathered(text_embeddings(asked, store))
    assert found.ids == ("a", "b", "c", "d")
    assert found.vectors.tobytes() == encode_texts(asked, load(spec(tiny_clip))).vectors.tobytes()


def test_made_by_tells_every_part_of_a_model_apart():
    parts = {
        "model": {"checkpoint": "x"},
        "methods": {"openai": "c"},
        "weights": ["1"],
        "encoding": {"threads": 1},
    }
    parts |= {"software": {"torch": "2"}, "code": "c0de"}
    whole = made_by(SimpleNamespace(**parts))
    assert whole == made_by(SimpleNamespace(**parts, other="of no concern"))
    for name in parts:
        assert whole != made_by(SimpleNamespace(**{**parts, name: "other"}))


def test_an_article_of_windows_has_the_mean_of_their_vectors() -> None:
    rng = np.random.default_rng(0)
    made = rng.normal(size=(4, 8)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    texts = ["one", "two", "three", "four"]
    keys = tuple(text_key(t) + (CUT if t == "four" else "") for t in texts)
    rows = [("b", "two"), ("b", "one"), ("b", "two"), ("a", "three"), ("c", "four"), ("c", "one")]
    found = gathered(text_embeddings(queries(rows), Embeddings(keys, made, {"model": "x"})))
    assert found.ids == ("b", "a", "c")
    assert found.metadata == {"model": "x", "cut": "1"}
    for at, parts in enumerate(([1, 0, 1], [2], [3, 0])):
        mean = made[parts].astype(np.float64).sum(axis=0)
        assert found.vectors[at] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-7)
