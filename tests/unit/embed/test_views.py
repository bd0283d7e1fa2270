"""What a model is shown of a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rematch import forms
from rematch.embed import ModelSpec, load
from rematch.embed.encoding import photo_vectors
from rematch.embed.views import PICTURES, PLAIN, VIEWS, padded, three
from rematch.storage.embeddings import gathered
from tests.tiny import make_photos


def stripes(width: int, height: int) -> Image.Image:
    row = np.linspace(0, 255, max(width, height)).astype(np.uint8)
    plane = np.tile(row, (min(width, height), 1))
    plane = plane if width >= height else plane.T
    return Image.fromarray(np.stack([plane] * 3, axis=2))


@pytest.mark.parametrize("size", [(60, 20), (20, 60), (30, 30), (3000, 10)])
def test_padding_shows_all_of_it_in_a_square(size: tuple[int, int]) -> None:
    (shown,) = padded(stripes(*size))
    assert shown.width == shown.height <= max(1024, min(size))
    if size == (60, 20):
        assert shown.getpixel((5, 2)) == PLAIN and shown.getpixel((59, 30)) == (255, 255, 255)
        assert np.array_equal(np.asarray(shown)[20:40], np.asarray(stripes(60, 20)))


@pytest.mark.parametrize("size", [(60, 20), (20, 60), (31, 30)])
def test_three_squares_begin_and_end_where_the_photo_does(size: tuple[int, int]) -> None:
    photo = stripes(*size)
    found = [np.asarray(each) for each in three(photo)]
    assert {each.shape for each in found} == {(min(size), min(size), 3)}
    whole = np.asarray(photo)
    assert np.array_equal(found[0], whole[: min(size), : min(size)])
    assert np.array_equal(found[2], whole[-min(size) :, -min(size) :])


def test_a_view_of_several_pictures_is_the_mean_of_their_vectors(
    tmp_path: Path, tiny_clip: Path
) -> None:
    images = forms.from_rows(make_photos(tmp_path, 5), forms.IMAGES)
    encoder = load(ModelSpec("openai", tiny_clip), ["photos"])
    files = dict(zip(images["digest"].to_pylist(), images["file"].to_pylist(), strict=True))
    by_view = {
        view: gathered(photo_vectors(images, None, lambda: encoder, view=view)) for view in VIEWS
    }
    assert {*PICTURES} == {*VIEWS}
    for digest, file in files.items():
        photo = Image.open(file).convert("RGB")
        for view, made in VIEWS.items():
            pictures = made(photo)
            assert len(pictures) == PICTURES[view]
            parts = np.concatenate([*encoder.encode_photos(pictures, encoder.prepare)])
            parts = parts / np.linalg.norm(parts, axis=1, keepdims=True)
            mean = parts.mean(axis=0)
            wanted = mean / np.linalg.norm(mean)
            assert by_view[view].take([digest])[0] == pytest.approx(wanted, abs=1e-5)
    assert not np.allclose(by_view["crop"].vectors, by_view["three"].vectors, atol=1e-3)
