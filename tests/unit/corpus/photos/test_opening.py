from __future__ import annotations

import hashlib
import io
import os
import pickle
import resource
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image, ImageOps

from rematch.corpus.photos import PhotoError, examine, open_photo, opening as photos, pixels_digest
from rematch.errors import UserError, printable

REAL = Path(__file__).parents[5] / "shared/data/photos-de/images"


def noise(width: int = 40, height: int = 30, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, with no more than a few bytes of pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def jpeg_header(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (16, 16)), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_header(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    place = data.index(b"VP8L") + 9
    (bits,) = struct.unpack_from("<I", data, place)
    struct.pack_into("<I", data, place, (bits >> 28 << 28) | ((height - 1) << 14) | (width - 1))
    return bytes(data)


def reason_of(path: Path) -> str:
    with pytest.raises(PhotoError) as caught:
        open_photo(path)
    assert printable(str(path)) in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_every_format_opens_whatever_the_files_name_ends_in(tmp_path: Path, form: str) -> None:
    path = tmp_path / "photo.anything"
    path.write_bytes(encoded(noise(), form))
    opened = open_photo(path)
    assert (opened.mode, opened.size) == ("RGB", (40, 30))
    with Image.open(path) as plain:
        assert opened.tobytes() == plain.convert("RGB").tobytes()


def test_lossless_pixels_are_the_ones_drawn(tmp_path: Path) -> None:
    for form, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        path = tmp_path / form
        path.write_bytes(encoded(noise(), form, **options))
        assert open_photo(path).tobytes() == noise().tobytes()


def test_cmyk_and_greyscale_convert_as_pillow_does(tmp_path: Path) -> None:
    for mode in ("CMYK", "L"):
        path = tmp_path / f"{mode}.jpg"
        path.write_bytes(encoded(noise().convert(mode), "JPEG"))
        with Image.open(path) as plain:
            assert plain.mode == mode
            expected = plain.convert("RGB").tobytes()
        assert open_photo(path).tobytes() == expected


def test_alpha_is_dropped_and_palette_gives_colours_without_a_warning(tmp_path: Path) -> None:
    clear = noise()
    clear.putalpha(0)
    (tmp_path / "alpha.png").write_bytes(encoded(clear, "PNG"))
    assert open_photo(tmp_path / "alpha.png").tobytes() == noise().tobytes()

    palette = noise().quantize(64)
    data = encoded(palette, "PNG", transparency=bytes(range(64)))
    (tmp_path / "palette.png").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = open_photo(tmp_path / "palette.png")
    assert opened.tobytes() == palette.convert("RGB").tobytes()


def test_16_bit_greyscale_keeps_its_high_byte(tmp_path: Path) -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    (tmp_path / "deep.png").write_bytes(encoded(Image.fromarray(ramp), "PNG"))
    opened = np.asarray(open_photo(tmp_path / "deep.png"))
    assert np.array_equal(opened, np.repeat((ramp // 256)[..., None], 3, axis=2))


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    for form in ("GIF", "WEBP", "PNG"):
        path = tmp_path / f"moving.{form}"
        options = {"lossless": True} if form == "WEBP" else {}
        path.write_bytes(
            encoded(frames[0], form, save_all=True, append_images=frames[1:], **options)
        )
        with Image.open(path) as plain:
            assert getattr(plain, "n_frames", 1) == 3
        assert (np.asarray(open_photo(path)) == (255, 0, 0)).all(), form


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_exif_rotation_is_applied(tmp_path: Path, form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned"
    path.write_bytes(encoded(noise(), form, exif=exif))
    with Image.open(path) as plain:
        stored = np.asarray(plain.convert("RGB"))
    # EXIF 2.32, tag 274: which side of the stored picture is the visual top, which its left.
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored, 1),
    }[orientation]
    assert np.array_equal(np.asarray(open_photo(path)), upright)


def test_unreadable_exif_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(encoded(noise(), "PNG", exif=b"Exif\0\0this is no TIFF header"))
    with Image.open(path) as plain, pytest.raises(SyntaxError):
        ImageOps.exif_transpose(plain)
    assert open_photo(path).tobytes() == noise().tobytes()


def test_a_photo_is_upright_even_if_the_rest_of_its_exif_is_wrong(tmp_path: Path) -> None:
    # Orientation 6, and a resolution given as text, over which Pillow fails to write EXIF again.
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack("<HHI4s", 0x011A, 2, 1, b"5")
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + entries + bytes(4)
    path = tmp_path / "odd.png"
    path.write_bytes(encoded(noise(), "PNG", exif=exif))
    with Image.open(path) as plain, pytest.raises(TypeError):
        ImageOps.exif_transpose(plain)
    assert np.array_equal(np.asarray(open_photo(path)), np.rot90(np.asarray(noise()), -1))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_photos_are_unreadable(tmp_path: Path, form: str, share: float) -> None:
    data = encoded(noise(200, 150), form)
    path = tmp_path / "cut"
    path.write_bytes(data[: int(len(data) * share)])
    assert reason_of(path).startswith("photo unreadable: ")


def test_other_bad_files_say_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("<html>404 Not Found</html>")
    (tmp_path / "other.bmp").write_bytes(encoded(noise(), "BMP"))
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason_of(tmp_path / "empty.jpg") == "photo empty: 0 bytes"
    for name in ("text.jpg", "other.bmp"):
        said = "photo unreadable: not a JPEG, PNG, GIF or WebP image"
        assert reason_of(tmp_path / name) == said
    for name in ("none.jpg", "folder.jpg", "pipe.jpg"):
        assert reason_of(tmp_path / name) == f"photo missing: no file {name!r}"
    assert reason_of(tmp_path / ("x" * 300)).startswith("photo unreadable: ")
    assert reason_of(tmp_path / "nul\0.jpg").startswith("photo missing: ")


@pytest.mark.parametrize(
    "data",
    [
        png_header(30_000, 30_000),
        jpeg_header(30_000, 30_000),
        webp_header(16_383, 16_383),
        png_header(10_000, 10_000),  # under the size at which Pillow itself refuses
        png_header(2**31 - 1, 1),
    ],
    ids=["png", "jpeg", "webp", "png-100-megapixels", "png-line"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert reason_of(path).startswith("photo too large: ")
    # Kibibytes on Linux; 100 megapixels of RGB would be 300 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_the_limit_is_the_largest_size_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photo").write_bytes(encoded(noise(40, 30), "PNG"))
    monkeypatch.setattr(photos, "MAX_PIXELS", 1200)
    assert open_photo(tmp_path / "photo").size == (40, 30)
    monkeypatch.setattr(photos, "MAX_PIXELS", 1199)
    assert reason_of(tmp_path / "photo") == "photo too large: 40 x 30 pixels in the header"


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    form=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]),
    cut=st.integers(0, 2000),
    flips=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 255)), max_size=8),
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_give_pixels_or_a_photo_error(
    tmp_path: Path, form: str, cut: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(encoded(noise(), form))
    for place, value in flips:
        data[place % len(data)] ^= value
    path = tmp_path / "damaged"
    path.write_bytes(bytes(data[: max(len(data) - cut, 0)]))
    result = examine([path], threads=1)[0]
    assert bool(result.digest) != bool(result.reason)


def test_the_digest_is_of_size_and_pixels_alone(tmp_path: Path) -> None:
    image = noise(4, 2)
    by_hand = hashlib.sha256(bytes([4, 0, 0, 0, 2, 0, 0, 0]) + np.asarray(image).tobytes())
    assert pixels_digest(image) == by_hand.hexdigest()
    (tmp_path / "a.png").write_bytes(encoded(image, "PNG"))
    (tmp_path / "b.webp").write_bytes(encoded(image, "WEBP", lossless=True))
    for name in ("a.png", "b.webp"):
        assert pixels_digest(open_photo(tmp_path / name)) == by_hand.hexdigest()
    assert pixels_digest(Image.new("RGB", (4, 2))) != pixels_digest(Image.new("RGB", (2, 4)))
    with pytest.raises(ValueError, match="RGB"):
        pixels_digest(Image.new("L", (2, 2)))


def test_examine_answers_in_order_for_any_number_of_threads(tmp_path: Path) -> None:
    paths = []
    for number in range(40):
        path = tmp_path / f"{number}.png"
        path.write_bytes(encoded(noise(10 + 9 * (number % 7), 8, number), "PNG"))
        paths.append(path)
    paths[11].write_bytes(b"")
    paths[23].unlink()
    one = examine(paths, threads=1)
    assert examine(paths, threads=8) == one
    assert one[11] == ("", "photo empty: 0 bytes")
    assert one[23] == ("", "photo missing: no file '23.png'")
    for path, result in zip(paths, one, strict=True):
        if not result.reason:
            assert result.digest == pixels_digest(open_photo(path))
    assert examine([], threads=2) == []
    with pytest.raises(ValueError, match="threads"):
        examine(paths, threads=0)


def test_a_photo_error_is_a_user_error_and_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(PhotoError(Path("a.jpg"), "photo empty: 0 bytes")))
    assert isinstance(error, UserError)
    assert (error.path, error.reason) == (Path("a.jpg"), "photo empty: 0 bytes")
    assert "a.jpg: photo empty: 0 bytes" in str(error)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real photos are not at {REAL}; put them there")
def test_real_photos_are_what_clip_sees() -> None:
    for path in sorted(REAL.iterdir())[:100]:
        with Image.open(path) as plain:
            assert open_photo(path).tobytes() == plain.convert("RGB").tobytes()


@pytest.mark.parametrize(
    "size, enough, expected",
    [
        ((900, 600), None, (900, 600)),
        ((900, 600), 301, (900, 600)),
        ((900, 600), 300, (450, 300)),
        ((900, 600), 100, (225, 150)),
        ((900, 600), 10, (113, 75)),
        ((199, 900), 100, (199, 900)),
    ],
)
def test_a_large_jpeg_may_be_decoded_smaller_but_never_too_small(tmp_path, size, enough, expected):
    rng = np.random.default_rng(0)
    path = tmp_path / "a.jpg"
    noise = rng.integers(0, 256, (size[1] // 50, size[0] // 50, 3), dtype=np.uint8)
    Image.fromarray(noise).resize(size).save(path)
    assert open_photo(path, enough).size == expected
    if expected == size:
        assert open_photo(path, enough).tobytes() == open_photo(path).tobytes()
