"""The part of a photo that a model sees is, bit for bit, what the library would have cut out."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from PIL import Image

from rematch import forms
from rematch.corpus.photos import examine
from rematch.embed.encoding import encode_photos
from rematch.embed.models import ModelSpec, load, view
from rematch.embed.models.view import View, resized_part, unusual
from rematch.outside.openai_clip import import_torchvision

import_torchvision()
import transformers  # noqa: E402
from torchvision.transforms import (  # noqa: E402
    CenterCrop,
    Compose,
    InterpolationMode,
    Resize,
)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@settings(max_examples=120, deadline=None)
@given(
    short=st.one_of(st.integers(1, 12), st.integers(1, 90)),
    ratio=st.floats(view.LONG, 300),
    tall=st.booleans(),
    side=st.sampled_from([16, 32, 37, 48]),
    less=st.integers(0, 15),
    mode=st.sampled_from([InterpolationMode.BICUBIC, InterpolationMode.BILINEAR]),
    seed=st.integers(0, 99),
)
def test_of_a_long_photo_the_middle_is_what_resizing_all_of_it_gives(
    short: int, ratio: float, tall: bool, side: int, less: int, mode: InterpolationMode, seed: int
) -> None:
    long = int(short * ratio) + 1
    assume(short * long < 600_000)
    photo = noise(short, long, seed) if tall else noise(long, short, seed)
    assert unusual(photo)
    transforms = Compose([Resize(side, interpolation=mode), CenterCrop(side - less)])
    seen = View.of_transforms(transforms)
    assert seen is not None
    part = seen.of(photo)
    assert part.size == (side, side)
    assert np.array_equal(np.asarray(transforms(part)), np.asarray(transforms(photo)))


@pytest.mark.parametrize("size", [(2900, 1400), (1400, 2901), (2001, 2000), (9000, 500)])
@pytest.mark.parametrize("side, crop", [(224, 224), (37, 32)])
def test_of_a_large_photo_too(size: tuple[int, int], side: int, crop: int) -> None:
    photo = noise(40, 30).resize(size)
    transforms = Compose([Resize(side, InterpolationMode.BICUBIC), CenterCrop(crop)])
    seen = View.of_transforms(transforms)
    assert seen is not None and unusual(photo)
    assert np.array_equal(np.asarray(transforms(seen.of(photo))), np.asarray(transforms(photo)))


PROCESSORS = {
    "CLIP": {},
    "CLIP-larger": {"size": {"shortest_edge": 64}, "crop_size": {"height": 37, "width": 37}},
    "CLIP-bilinear": {"resample": 2},
    "SigLIP": {"size": {"height": 48, "width": 40}},
}


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("size", [(2900, 1400), (1400, 2901), (3000, 20), (11, 1200)])
def test_of_transformers_processors_too(name: str, size: tuple[int, int]) -> None:
    kind = "Siglip" if name == "SigLIP" else "CLIP"
    processor = getattr(transformers, f"{kind}ImageProcessorPil")(**PROCESSORS[name])
    photo = noise(40, 30).resize(size)
    seen = View.of_processor(processor)
    assert seen is not None and unusual(photo)
    want, got = (
        processor(image, return_tensors="np")["pixel_values"] for image in (photo, seen.of(photo))
    )
    assert np.array_equal(want, got)


def test_a_processor_that_does_something_else_is_left_to_itself() -> None:
    class Other(transformers.CLIPImageProcessorPil):  # type: ignore[misc]
        def resize(self, image, size, **options):  # type: ignore[no-untyped-def]
            return super().resize(image[:, ::-1][:, : image.shape[1] // 2], size, **options)

    assert View.of_processor(Other()) is None
    for options in ({"do_resize": False}, {"do_center_crop": False}, {"resample": 1}):
        assert View.of_processor(transformers.CLIPImageProcessorPil(**options)) is None
    assert View.of_transforms(Compose([CenterCrop(9), Resize(9)])) is None
    assert View.of_transforms(Compose([Resize((9, 9)), CenterCrop(9)])) is None


def test_a_line_of_pixels_takes_next_to_no_memory() -> None:
    seen = View(Image.Resampling.BICUBIC, None, 224, 224)
    lines = [Image.new("RGB", size) for size in ((8000, 1), (1, 20_000_000))]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [seen.of(line).size for line in lines] == [(224, 224)] * 2
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024 < 50


def test_a_part_is_cut_from_anywhere() -> None:
    photo = noise(700, 9)
    whole = photo.resize((17_422, 224), Image.Resampling.BICUBIC)
    for left in (0, 1, 5000, 17_422 - 224):
        box = (left, 0, left + 224, 224)
        part = resized_part(photo, whole.size, box, Image.Resampling.BICUBIC)
        assert part.tobytes() == whole.crop(box).tobytes()


def test_whatever_the_door_lets_in_is_encoded(tmp_path: Path, tiny_clip: Path) -> None:
    sizes = [(1, 1), (1, 8000), (8000, 1), (3000, 1500), (2, 130), (33, 32)]
    paths = []
    for n, size in enumerate(sizes):
        paths.append(tmp_path / f"{n}.png")
        noise(8, 8, n).resize(size).save(paths[-1])
    found = examine(paths, 2)
    assert [one.reason for one in found] == [""] * len(sizes)
    rows = [
        {"image_id": str(n), "file": str(path), "digest": one.digest}
        for n, (path, one) in enumerate(zip(paths, found, strict=True))
    ]
    encoder = load(ModelSpec("openai", tiny_clip, threads=2), ["photos"])
    vectors = encode_photos(forms.from_rows(rows, forms.IMAGES), encoder, 2)
    assert len(vectors.ids) == len(sizes)
