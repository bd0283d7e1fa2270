"""Photos' files that cost more than they look, are bad beside their pixels, or say how to turn."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
import threading
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from rematch.corpus.photos import (
    PhotoError,
    examine,
    formats as photo_files,
    open_photo,
    opened,
    opening as photos,
    pixels_digest,
)
from rematch.corpus.photos.ceiling import Room
from rematch.corpus.photos.formats import form_of, header, needed, turn_of
from rematch.corpus.photos.opening import MAX_MEMORY
from tests.unit.corpus.photos.test_opening import encoded, noise, reason_of

ROOT = Path(__file__).parents[4]


def chunk(kind: bytes, body: bytes, wrong: int = 0) -> bytes:
    crc = zlib.crc32(kind + body) ^ wrong
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", crc)


def with_chunk(data: bytes, *parts: bytes, last: bool = False) -> bytes:
    """A PNG with further chunks after its header, or before its end."""
    at = len(data) - 12 if last else 33
    return data[:at] + b"".join(parts) + data[at:]


def text(size: int) -> bytes:
    body = zlib.compress(b"x" * size)
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + body)


PROFILE = chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"p" * 3_000_000))
ORDINARY = encoded(noise(), "PNG")


# What a photo costs


PEAK = """
import sys
from pathlib import Path
from rematch.corpus.photos import examine
from tests.peak import peak_mb
found = examine([Path(path) for path in sys.argv[1:]], 2)
print(peak_mb(), *(one.reason for one in found))
"""


def test_two_threads_decode_large_photos_one_at_a_time(tmp_path: Path) -> None:
    Image.new("RGB", (7000, 7000)).save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size < 200_000
    (tmp_path / "b.png").hardlink_to(tmp_path / "large.png")
    paths = [str(tmp_path / name) for name in ("large.png", "b.png")]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *paths],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'workflow/scripts'}:{ROOT}"},
        check=True,
        capture_output=True,
        text=True,
    )
    peak, *reasons = done.stdout.split()
    assert reasons == [] and int(peak) < 450


@pytest.mark.parametrize(
    "form, options, mode, megapixels",
    [
        ("JPEG", {}, "RGB", 89),
        ("JPEG", {"progressive": True}, "RGB", 85),
        ("JPEG", {"progressive": True, "subsampling": 0}, "RGB", 60),
        ("JPEG", {}, "CMYK", 75),
        ("PNG", {}, "RGB", 89),
        ("PNG", {}, "RGBA", 75),
        ("PNG", {}, "I;16", 85),
        ("GIF", {}, "P", 66),
        ("WEBP", {}, "RGB", 37),
    ],
)
def test_the_memory_a_photo_takes_is_told_by_its_header(
    form: str, options: dict[str, object], mode: str, megapixels: int
) -> None:
    picture = Image.new(mode, (16, 16)) if mode == "I;16" else noise(16, 16).convert(mode)
    data = encoded(picture, form, **options)
    with header(form, io.BytesIO(data)) as image:
        image._size = (1000, megapixels * 1000)
        assert needed(form, image, image.size, len(data)) <= MAX_MEMORY
        image._size = (1000, (megapixels + 1) * 1000 + 1000)
        more = needed(form, image, image.size, len(data))
        assert more > MAX_MEMORY or image.width * image.height > photos.MAX_PIXELS


def test_a_photo_that_costs_too_much_is_refused_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.webp").write_bytes(encoded(noise(100, 100), "WEBP", lossless=True))
    size = (tmp_path / "a.webp").stat().st_size
    assert open_photo(tmp_path / "a.webp").size == (100, 100)
    monkeypatch.setattr(photos, "MAX_MEMORY", 16 * 100 * 100 + 2 * size - 1)
    said = "photo too large: 100 x 100 pixels, which take 0 MB to decode"
    assert reason_of(tmp_path / "a.webp") == said


def test_large_files_are_opened_alone_and_the_largest_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(ORDINARY)
    monkeypatch.setattr(photos, "LARGE_BYTES", len(ORDINARY) - 1)
    with opened(tmp_path / "a.png"):
        assert photos._ROOM._free == 0
    assert photos._ROOM._free == MAX_MEMORY
    monkeypatch.setattr(photos, "MAX_BYTES", len(ORDINARY) - 1)
    assert reason_of(tmp_path / "a.png") == f"photo too large: {len(ORDINARY):,} bytes"


def test_a_sparse_file_and_one_without_end_are_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "sparse.png").open("wb") as file:
        file.write(ORDINARY)
        file.truncate(40 * 10**9)
    (tmp_path / "endless.jpg").symlink_to("/proc/self/pagemap")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    start = time.monotonic()
    assert reason_of(tmp_path / "sparse.png") == "photo too large: 40,000,000,000 bytes"
    assert reason_of(tmp_path / "loop.jpg") == "photo missing: no file 'loop.jpg'"
    if Path("/proc/self/pagemap").is_file():
        assert reason_of(tmp_path / "endless.jpg") == "photo empty: 0 bytes"
    assert time.monotonic() - start < 1


def test_room_is_given_back_whatever_happens(tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes(ORDINARY[:-200])
    (tmp_path / "a.png").write_bytes(with_chunk(ORDINARY, chunk(b"iTXt", b"?", wrong=1)))
    with pytest.raises(PhotoError):
        open_photo(tmp_path / "cut.png")
    with pytest.raises(ZeroDivisionError), opened(tmp_path / "a.png"):
        raise ZeroDivisionError
    assert photos._ROOM._free == MAX_MEMORY


def test_a_room_lets_in_what_fits_and_what_wants_more_than_all() -> None:
    room, inside, most = Room(10), [0], [0]
    lock = threading.Lock()

    def work(wanted: int) -> None:
        with room.taken(wanted):
            with lock:
                inside[0] += min(wanted, 10)
                most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            with lock:
                inside[0] -= min(wanted, 10)

    threads = [threading.Thread(target=work, args=(n,)) for n in [3, 99, 4, 10, 1, 7, 6, 2] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert inside[0] == 0 and 3 <= most[0] <= 10


def test_a_jpeg_of_many_scans_and_a_png_of_many_chunks_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(noise(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    (tmp_path / "many.jpg").write_bytes(data[:-2] + data[last:-2] * 300 + data[-2:])
    assert reason_of(tmp_path / "many.jpg") == "photo unreadable: more than 256 scans"
    monkeypatch.setattr(photos, "LARGE_BYTES", 4)
    monkeypatch.setattr(photo_files, "MOST_PARTS", 500)
    (tmp_path / "many.png").write_bytes(with_chunk(ORDINARY, chunk(b"tEXt", b"") * 600))
    assert reason_of(tmp_path / "many.png") == "photo unreadable: more than 500 parts"


JPEG, GIF = encoded(noise(), "JPEG"), encoded(noise().convert("P"), "GIF")
PALETTE = 13 + 3 * 2 ** ((GIF[10] & 7) + 1)


@pytest.mark.parametrize(
    "name, data, many",
    [
        ("a.jpg", JPEG[:2] + b"\xff\xe1\0\x02" * 600 + JPEG[2:], True),
        ("a.jpg", JPEG[:2] + b"\xff" * 600 + JPEG[2:], True),
        ("a.jpg", JPEG[:2] + b"\xff\xe1\0\x02" * 400 + JPEG[2:], False),
        ("a.jpg", JPEG[:-2] + b"\xff\xe1\0\x02" * 600 + JPEG[-2:], False),
        ("a.gif", GIF[:PALETTE] + b"!\xfe\x01a\0" * 300 + GIF[PALETTE:], True),
        ("a.gif", GIF[:PALETTE] + b"!\xfe" + b"\x01a" * 600 + b"\0" + GIF[PALETTE:], True),
        ("a.gif", GIF[:PALETTE] + b"\0" * 600 + GIF[PALETTE:], True),
        ("a.gif", GIF[:PALETTE] + b"!\xfe\x01a\0" * 200 + GIF[PALETTE:], False),
        ("a.gif", GIF[:-1] + b"!\xfe\x01a\0" * 300 + GIF[-1:], False),
    ],
)
def test_what_stands_before_a_picture_is_counted_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, many: bool
) -> None:
    # Of a file of 256 MB Pillow would keep 64 million segments, in 9 GB.
    monkeypatch.setattr(photos, "LARGE_BYTES", 4)
    monkeypatch.setattr(photo_files, "MOST_PARTS", 500)
    (tmp_path / name).write_bytes(data)
    if many:
        assert reason_of(tmp_path / name) == "photo unreadable: more than 500 parts"
    else:
        assert open_photo(tmp_path / name).size == noise().size


def test_a_narrow_picture_costs_what_its_rows_do() -> None:
    # Pillow points to each of its rows: 80 million grey pixels one below the other took 1.6 GB.
    with header("PNG", io.BytesIO(encoded(noise(1, 1).convert("L"), "PNG"))) as image:
        image._size = (1, 60_000_000)
        assert needed("PNG", image, image.size, 1000) > 1_300_000_000
        image._size = (60_000_000, 1)
        assert needed("PNG", image, image.size, 1000) <= MAX_MEMORY


@pytest.mark.parametrize("size", [(9_000_000, 1), (3_000_000, 3), (1, 9_000_000)])
def test_the_pixels_of_a_line_are_hashed_a_part_at_a_time(size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.arange(3 * width * height, dtype=np.uint32).astype(np.uint8)
    image = Image.fromarray(pixels.reshape(height, width, 3))
    boxes = list(photos.bands(image, 3))
    assert max((x1 - x0) * (y1 - y0) * 3 for x0, y0, x1, y1 in boxes) <= 2**23
    whole = hashlib.sha256(struct.pack("<II", width, height) + pixels.tobytes())
    assert pixels_digest(image) == whole.hexdigest()


# Good pixels in a file that is bad elsewhere


@pytest.mark.parametrize(
    "parts, last",
    [
        ([text(3_000_000)], False),
        ([text(20_000_000)], False),
        ([text(200_000_000)], False),
        ([text(15_000_000)] * 6, False),
        ([text(200_000_000)], True),
        ([PROFILE], False),
        ([chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(100_000_000)))], False),
        ([chunk(b"iCCP", b"icc\0\0no zlib")], False),
        ([chunk(b"iTXt", b"short")], False),
        ([chunk(b"tEXt", b"key\0value", wrong=1)], False),
        ([chunk(b"tEXt", b"key\0value", wrong=1)], True),
        ([chunk(b"cHRM", b"1")], False),
        ([chunk(b"pHYs", b"1")], False),
        ([chunk(b"acTL", b"1")], False),
        ([chunk(b"tRNS", b"")], False),
        ([chunk(b"eXIf", b"II*\0", wrong=1)], False),
    ],
)
def test_pixels_count_whatever_is_said_of_them(
    tmp_path: Path, parts: list[bytes], last: bool
) -> None:
    (tmp_path / "a.png").write_bytes(with_chunk(ORDINARY, *parts, last=last))
    assert open_photo(tmp_path / "a.png").tobytes() == noise().tobytes()


def test_a_png_is_turned_though_its_texts_are_damaged(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(noise(), "PNG", exif=exif)
    (tmp_path / "a.png").write_bytes(with_chunk(data, text(200_000_000)))
    turned = np.rot90(np.asarray(noise()), -1)
    assert np.array_equal(np.asarray(open_photo(tmp_path / "a.png")), turned)


def test_damaged_pixels_are_refused_still(tmp_path: Path) -> None:
    at = ORDINARY.index(b"IDAT") + 200
    data = ORDINARY[:at] + bytes([ORDINARY[at] ^ 1]) + ORDINARY[at + 1 :]
    (tmp_path / "a.png").write_bytes(with_chunk(data, text(200_000_000)))
    assert reason_of(tmp_path / "a.png").startswith("photo unreadable: ")


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_photo_of_no_pixels_is_refused(tmp_path: Path, form: str, size: tuple[int, int]) -> None:
    data = bytearray(encoded(noise(5, 5), form))
    if form == "PNG":
        data[16:24] = struct.pack(">LL", *size)
        data[29:33] = struct.pack(">L", zlib.crc32(data[12:29]))
    else:
        data[6:10] = struct.pack("<HH", *size)
        frame = data.index(b",", 13 + 3 * 2 ** ((data[10] & 7) + 1))
        data[frame + 5 : frame + 9] = struct.pack("<HH", *size)
    (tmp_path / "a").write_bytes(data)
    assert examine([tmp_path / "a"], 1)[0].reason.startswith("photo unreadable: ")


def test_of_a_jpeg_of_several_pictures_the_first_counts(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[noise(seed=1)])
    with Image.open(tmp_path / "a.jpg") as plain:
        assert plain.format == "MPO"
        assert open_photo(tmp_path / "a.jpg").tobytes() == plain.convert("RGB").tobytes()


def test_formats_are_told_by_their_first_bytes() -> None:
    for form in photos.FORMATS:
        assert form_of(encoded(noise(), form)[:16]) == form
    for other in ("BMP", "TIFF", "PPM"):
        assert form_of(encoded(noise(), other)[:16]) == ""
    assert form_of(b"") == "" and form_of(b"RIFF\0\0\0\0WAVEfmt ") == ""


# Which way up


def turned_by_pillow(info: dict[str, object]) -> object:
    """What Pillow makes of two pixels of that info; those as they are if it fails."""
    image = Image.new("L", (2, 1))
    image.putdata([1, 2])
    image.info.update(info)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        turned = ImageOps.exif_transpose(image)
    return turned.size, turned.tobytes()


def turned_here(info: dict[str, object]) -> object:
    image = Image.new("L", (2, 1))
    image.putdata([1, 2])
    turn = turn_of(info)
    turned = image if turn is None else image.transpose(turn)
    return turned.size, turned.tobytes()


ENTRY = st.tuples(
    st.sampled_from([0x0112, 0x010F, 0x8769]),
    st.sampled_from([1, 3, 4, 8, 9, 2]),
    st.integers(0, 4),
    st.integers(0, 9),
)
ENTRIES = st.lists(ENTRY, max_size=3, unique_by=lambda entry: entry[0])


@settings(max_examples=300, deadline=None)
@given(order=st.sampled_from("<>"), entries=ENTRIES, cut=st.integers(0, 12))
def test_photos_are_turned_as_pillow_turns_them(
    order: str, entries: list[tuple[int, int, int, int]], cut: int
) -> None:
    widths = {1: "B", 3: "H", 4: "L", 8: "h", 9: "l", 2: "B"}
    table, beside = b"", b""
    base = 8 + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        body = struct.pack(f"{order}{count}{widths[kind]}", *([value] * count))
        if len(body) > 4:
            place = struct.pack(f"{order}L", base + len(beside))
            beside, body = beside + body, place
        table += struct.pack(f"{order}HHL", tag, kind, count) + body.ljust(4, b"\0")
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}L", 8)
    data = head + struct.pack(f"{order}H", len(entries)) + table + bytes(4) + beside
    info: dict[str, object] = {"exif": b"Exif\0\0" + data[: len(data) - cut]}
    try:
        expected = turned_by_pillow(info)
    except Exception:
        cut = 1
    # Of a table that is cut off, or wrong otherwise, what is there counts: Pillow fails, or stops
    # at the first entry that leads out.
    assert turned_here(info) == expected if not cut else turned_here(info)


@pytest.mark.parametrize("turn", range(10))
def test_xmp_and_texts_of_old_programs_turn_photos_too(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    hexed = exif.tobytes().hex()
    for info in (
        {"xmp": b'<x tiff:Orientation="%d"/>' % turn},
        {"XML:com.adobe.xmp": f"<tiff:Orientation>{turn}</tiff:Orientation>"},
        {"Raw profile type exif": f"\nexif\n{len(hexed) // 2:8}\n{hexed}\n"},
    ):
        assert turned_here(info) == turned_by_pillow(info)  # type: ignore[arg-type]


def test_exif_that_claims_its_bytes_many_times_over_costs_nothing(tmp_path: Path) -> None:
    entries = b"".join(struct.pack("<HHLL", 0x9000 + n, 7, 60_000, 8) for n in range(5_000))
    exif = b"Exif\0\0II*\0" + struct.pack("<LH", 8, 5_000) + entries
    (tmp_path / "a.png").write_bytes(encoded(noise(), "PNG", exif=exif))
    start = time.monotonic()
    assert open_photo(tmp_path / "a.png").tobytes() == noise().tobytes()
    assert time.monotonic() - start < 0.5


def test_pillows_limits_are_what_is_said_of_them() -> None:
    assert PngImagePlugin.MAX_TEXT_CHUNK == 16 * 2**20
    assert PngImagePlugin.MAX_TEXT_MEMORY == 64 * 2**20
