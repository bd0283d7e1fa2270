"""The fast towers: the libraries' numbers, whatever shares a pass."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rematch import forms
from rematch.embed.encoding import encode_photos, encode_texts
from rematch.embed.models import ModelSpec, layers, load, trees as forest
from rematch.errors import UserError
from tests.tiny import make_photos

THINGS = ["fire", "harbour", "stadium", "night", "two", "ships", "rain", "mayor", "flood"]
END = 9


def queries(texts):
    rows = [{"article_id": str(i), "query": text} for i, text in enumerate(texts)]
    return forms.from_rows(rows, forms.QUERIES)


def beginnings(n=12, seed=0, counts=(3, 6, 10, 60)):
    """The first words of n texts, by each of the counts."""
    rng = np.random.default_rng(seed)
    long = [rng.choice(THINGS, size=rng.integers(1, 70)) for _ in range(n)]
    return [" ".join(words[:count]) for words in long for count in counts]


texts_of_tokens = st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=40)


@given(texts_of_tokens)
def test_trees_hold_every_text_once_as_a_beginning(contents):
    trees = forest.grown([(*content, END) for content in contents])
    found = {}
    for tree in trees:
        assert 1 <= len(tree.ends) <= forest.ENDS
        for number, end, seen in tree.ends:
            assert number not in found and end == END
            found[number] = list(tree.content[:seen])
    assert found == dict(enumerate(contents))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_all_beginnings_of_a_text_share_trees(content):
    texts = [(*content[:length], END) for length in range(len(content) + 1)]
    assert len(forest.grown(texts)) == -(-len(texts) // forest.ENDS)


@given(texts_of_tokens)
def test_trees_do_not_depend_on_the_order_of_the_texts(contents):
    def shape(texts):
        return [tree.content for tree in forest.grown([(*content, END) for content in texts])]

    assert shape(contents) == shape(contents[::-1])


@given(texts_of_tokens, st.integers(14, 40))
def test_tiles_are_filled_up_to_their_rows(contents, rows):
    trees = forest.grown([(*content, END) for content in contents])
    tiles = list(forest.tiled(trees, rows))
    assert [tree for tile in tiles for tree in tile] == trees
    filled = [sum(tree.rows for tree in tile) for tile in tiles]
    assert all(count <= rows for count in filled)
    for count, following in zip(filled, tiles[1:], strict=False):
        assert count + following[0].rows > rows


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16", "float64"])
def test_a_text_has_one_embedding_whatever_shares_its_pass(tiny_clip, precision):
    encoder = load(ModelSpec("openai", tiny_clip, precision=precision), ["texts"])
    lines = sorted(set(beginnings()))
    together = encode_texts(queries(lines), encoder).vectors
    alone = np.concatenate([encode_texts(queries([line]), encoder).vectors for line in lines])
    assert alone.tobytes() == together.tobytes()


@pytest.mark.parametrize(
    "precision, least",
    [("float64", 1 - 1e-12), ("float32", 1 - 1e-10), ("bfloat16", 0.9999), ("float16", 0.9999)],
)
def test_embeddings_are_the_librarys(tiny_clip, tmp_path, precision, least):
    lines, photos = beginnings(), forms.from_rows(make_photos(tmp_path, 9), forms.IMAGES)
    exact = load(ModelSpec("openai", tiny_clip, precision="float64", engine="library"))
    fast = load(ModelSpec("openai", tiny_clip, precision=precision))
    assert exact.identity["engine"] == "library"
    assert fast.identity["engine"] == "photos by towers, texts by towers"
    for given_, encode in ((queries(lines), encode_texts), (photos, encode_photos)):
        want, got = (encode(given_, e).vectors.astype(np.float64) for e in (exact, fast))
        cosines = (want * got).sum(axis=1) / np.linalg.norm(want, axis=1)
        assert (cosines / np.linalg.norm(got, axis=1)).min() >= least


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_the_librarys_own_code_computes_reduced_precision_too(tiny_clip, precision):
    lines = beginnings(4)
    spec = ModelSpec("openai", tiny_clip, precision=precision, engine="library")
    want = encode_texts(queries(lines), load(ModelSpec("openai", tiny_clip))).vectors
    got = encode_texts(queries(lines), load(spec)).vectors
    assert (want * got).sum(axis=1).min() > 0.999
    assert np.abs(want - got).max() > 1e-6  # it did compute in less


@settings(max_examples=8, deadline=None)
@given(batch=st.integers(1, 40))
def test_the_batch_is_a_matter_of_rounding(tiny_clip, tmp_path_factory, batch):
    rows = make_photos(tmp_path_factory.mktemp("photos"), 7)
    photos = forms.from_rows(rows, forms.IMAGES)
    auto = encode_photos(photos, load(ModelSpec("openai", tiny_clip), ["photos"]))
    encoder = load(ModelSpec("openai", tiny_clip, batch=batch), ["photos"])
    assert encoder.tile == batch
    np.testing.assert_allclose(encode_photos(photos, encoder).vectors, auto.vectors, atol=1e-5)


def test_towers_that_err_are_not_used(tiny_clip, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(layers, "QUICK", 1.5)  # another activation than the model's
    with caplog.at_level(logging.WARNING):
        encoder = load(ModelSpec("openai", tiny_clip))
    assert "texts: on a sample the fast towers lie" in caplog.text
    assert encoder.identity["engine"] == "library"
    lines = beginnings(3)
    slow = load(ModelSpec("openai", tiny_clip, engine="library"))
    got, want = (encode_texts(queries(lines), e).vectors for e in (encoder, slow))
    assert got.tobytes() == want.tobytes()


def test_a_resnet_is_left_to_the_library(tmp_path):
    import torch

    from rematch.outside.openai_clip import load_clip_module

    clip = load_clip_module()
    torch.manual_seed(1)
    model = clip.model.CLIP(16, 64, (1, 1, 1, 1), 8, None, 77, 49408, 64, 1, 2)
    path = tmp_path / "rn.pt"
    torch.save(model.state_dict(), path)
    encoder = load(ModelSpec("openai", path))
    assert encoder.identity["engine"] == "photos by library, texts by towers"
    photos = forms.from_rows(make_photos(tmp_path, 3), forms.IMAGES)
    slow = load(ModelSpec("openai", path, engine="library"))
    got, want = (encode_photos(photos, e).vectors for e in (encoder, slow))
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_fast_decoding_is_close_and_for_large_photos(tiny_clip, tmp_path):
    from PIL import Image

    from rematch.corpus.photos import open_photo, pixels_digest

    rng = np.random.default_rng(3)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 9, 3), dtype=np.uint8))
    coarse.resize((900, 600), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg", quality=95)
    path = tmp_path / "a.jpg"
    row = {"image_id": "a", "file": str(path), "digest": pixels_digest(open_photo(path))}
    photos = forms.from_rows([row], forms.IMAGES)
    exact = load(ModelSpec("openai", tiny_clip), ["photos"])
    fast = load(ModelSpec("openai", tiny_clip, decode="fast"), ["photos"])
    assert exact.enough is None and fast.enough == 48  # of the 32 that this model sees
    assert open_photo(path).size == (900, 600)
    assert open_photo(path, fast.enough).size == (113, 75)
    want, got = (encode_photos(photos, e).vectors for e in (exact, fast))
    assert (want * got).sum() > 0.99
    assert want.tobytes() != got.tobytes()


def test_a_gpu_that_is_not_there_is_one_line(tiny_clip):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU; run where there is none")
    with pytest.raises(UserError, match=r"encoding\.device: cuda, but torch finds no such GPU"):
        load(ModelSpec("openai", tiny_clip, device="cuda"))
    assert load(ModelSpec("openai", tiny_clip, device="auto")).identity["device"] in ("cpu", "mps")
