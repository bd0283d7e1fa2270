"""Photographs' files: what they are, what they cost to decode, which way up, and good pixels in
files that are bad elsewhere.

All of it is told from a file's first bytes and its header, before anything is decoded.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, islice
from typing import IO, Any

from PIL import GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile

PngImagePlugin.MAX_TEXT_CHUNK = 16 * 2**20
"""Bytes of a text or colour profile of a PNG once it is unpacked; Pillow's own 1 MB refuses XMP
and profiles that occur. The texts of a file may have 64 MB together, Pillow's own limit."""

# Pillow takes blocks of 16 MB from malloc, which keeps them for the thread that gave them back.
# Those of more than 32 MB go back to the system.
Image.core.set_block_size(64 * 2**20)  # type: ignore[attr-defined]

MOST_SCANS = 256
"""Passes over a progressive JPEG; it has about ten. Each takes time, and a few bytes."""
MOST_PARTS = 200_000
"""Chunks of a PNG, or parts before the picture of a JPEG or GIF; a large file has thousands. Pillow
takes a microsecond for each, and some hundred bytes."""

_PNG = b"\x89PNG\r\n\x1a\n"
_TURNED = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_BARE_MARKS = b"\x00\x01" + bytes(range(0xD0, 0xDA))
"""Second bytes of a JPEG's marks that have no length."""
_NARROW, _ROW = 64, 8 + 3
"""Width below which rows cost more than their pixels, and how many bytes: Pillow points to each,
and fills it up to four bytes."""
_HELD = {"1": 1, "L": 1, "P": 1, "I;16": 3}
"""Bytes of a pixel in Pillow's memory, by mode, with its high byte apart; of other modes 4."""
_ORIENTATION = 0x0112
_INTEGERS = {3: "H", 4: "L", 8: "h", 9: "l"}
"""TIFF's types of whole numbers, as `struct` calls them."""


def form_of(head: bytes) -> str:
    """JPEG, PNG, GIF or WEBP by a file's first 16 bytes; "" for any other file."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(_PNG):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP" and head[12:15] == b"VP8":
        return "WEBP"
    return ""


def header(form: str, handle: IO[bytes]) -> ImageFile:
    """The image of a file, not decoded.

    Pillow's own `open` would look for further pictures in a JPEG, in tables that may claim to be
    5,000 times as large as they are; its first picture is the JPEG itself.

    Raises:
        Exception: of nearly any kind, if the header is damaged.
    """
    readers: Mapping[str, Callable[[IO[bytes]], ImageFile]] = {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PNG": PngImagePlugin.PngImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
    }
    return readers[form](handle)


def needed(form: str, image: ImageFile, whole: tuple[int, int], size: int) -> int:
    """Bytes that decoding an image takes at its worst moment, turning and conversion included.

    Args:
        form: as `form_of` gives it.
        image: not decoded; perhaps to be decoded smaller than it is.
        whole: its width and height.
        size: of its file, in bytes.
    """
    pixels, held = image.width * image.height, _HELD.get(image.mode, 4)
    converted = 0 if image.mode == "RGB" else 4
    turned = held if turn_of(image.info) is not None else 0
    cost = pixels * (held + max(converted, turned))
    if image.width < _NARROW:
        cost += _ROW * image.height * (2 if converted or turned else 1)
    if form == "WEBP":  # the decoder's canvas, twice, and its bytes beside the picture's own
        return max(cost, 16 * pixels) + 2 * size
    if form == "GIF":
        return cost + 4 * pixels
    layers = getattr(image, "layer", None)
    if form == "JPEG" and image.info.get("progressive") and layers:
        # Coefficients of two bytes, of all layers, those of colour often at a quarter of the size.
        most = max(h for _, h, _, _ in layers) * max(v for _, _, v, _ in layers)
        share = sum(h * v for _, h, v, _ in layers) / max(most, 1)
        cost += int(2 * share * whole[0] * whole[1])
    return cost


def too_many_parts(form: str, handle: IO[bytes]) -> str:
    """What a file has so many of that reading them would take for ever; "" for ordinary files.

    The handle stands where it stood before.
    """
    at = handle.tell()
    try:
        if form == "JPEG" and _scans(handle) > MOST_SCANS:
            return f"more than {MOST_SCANS} scans"
        parts = {"JPEG": _before_scan, "PNG": _chunks, "GIF": _before_frame}.get(form)
        if parts and next(islice(parts(handle), MOST_PARTS, None), None):
            return f"more than {MOST_PARTS:,} parts"
        return ""
    finally:
        handle.seek(at)


def _scans(handle: IO[bytes]) -> int:
    """How many scans a JPEG has, or a few more."""
    found, last = 0, b""
    handle.seek(0)
    while chunk := handle.read(2**20):
        found += (last + chunk).count(b"\xff\xda")
        last = chunk[-1:]
    return found


def _before_scan(handle: IO[bytes]) -> Iterator[int]:
    """Where the segments before a JPEG's first scan begin, and each byte that is part of none."""
    handle.seek(2)
    while mark := handle.read(1):
        yield handle.tell()
        if mark != b"\xff":
            continue
        kind = handle.read(1)
        if kind == b"\xda":
            return
        if kind == b"\xff":
            handle.seek(-1, io.SEEK_CUR)
        elif kind and kind not in _BARE_MARKS:
            handle.seek(max(int.from_bytes(handle.read(2), "big") - 2, 0), io.SEEK_CUR)


def _before_frame(handle: IO[bytes]) -> Iterator[int]:
    """Where the blocks of extensions before a GIF's first frame begin, and each byte of none."""
    handle.seek(10)
    flags = int.from_bytes(handle.read(1), "big")
    handle.seek(13 + (3 << (flags & 7) + 1 if flags & 128 else 0))
    while (mark := handle.read(1)) and mark not in b",;":
        yield handle.tell()
        if mark == b"!":
            handle.read(1)
            while length := int.from_bytes(handle.read(1), "big"):
                yield handle.tell()
                handle.seek(length, io.SEEK_CUR)


def turn_of(info: Mapping[Any, Any]) -> Transpose | None:
    """How a picture is turned to stand upright, by what its file says; None if it does.

    Read is one number of EXIF's first table, else of XMP, as Pillow reads it. Of the rest nothing
    is: in it a file of 64 KB can claim the same bytes 5,000 times over.
    """
    try:
        number = _of_exif(info) or _of_xmp(info)
    except (ValueError, TypeError, struct.error, AttributeError):  # as browsers do
        return None
    return _TURNED.get(number)


def _of_exif(info: Mapping[Any, Any]) -> int:
    data = info.get("exif")
    if data is None and "Raw profile type exif" in info:
        data = bytes.fromhex("".join(str(info["Raw profile type exif"]).split("\n")[3:]))
    data = re.sub(b"^(Exif\0\0){1,2}", b"", data or b"")
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8 or 42 not in data[2:4]:
        return 0
    (start,) = struct.unpack_from(f"{order}L", data, 4)
    if start + 2 > len(data):
        return 0
    (entries,) = struct.unpack_from(f"{order}H", data, start)
    for place in range(start + 2, min(start + 2 + 12 * entries, len(data) - 11), 12):
        tag, kind, count = struct.unpack_from(f"{order}HHL", data, place)
        if tag != _ORIENTATION or not count:
            continue
        if kind not in _INTEGERS:
            return 0
        form = order + _INTEGERS[kind]
        at = place + 8
        if count * struct.calcsize(form) > 4:
            (at,) = struct.unpack_from(f"{order}L", data, at)
            if at + count * struct.calcsize(form) > len(data):
                continue
        (found,) = struct.unpack_from(form, data, at)
        return int(found)
    return 0


def _of_xmp(info: Mapping[Any, Any]) -> int:
    text = info.get("XML:com.adobe.xmp") or info.get("xmp") or b""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    found = re.search(rb'tiff:Orientation(="|>)([0-9])', data)
    return int(found[2]) if found else 0


def bare(handle: IO[bytes]) -> IO[bytes] | None:
    """A PNG without what describes its pixels but for EXIF; None if it has no such parts.

    Texts, profiles and the like may be too large, or damaged, in a picture that is whole.
    """
    parts: list[tuple[int, int]] = [(0, 8)]
    dropped = False
    for kind, start, length in _chunks(handle):
        if kind[:1].isupper() or (kind == b"eXIf" and _sound(handle, start, length)):
            parts.append((start, length))
        else:
            dropped = True
    return io.BufferedReader(_Parts(handle, parts)) if dropped else None


def _chunks(handle: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Of each chunk of a PNG its type, and where it lies: its start and length in the file."""
    start = 8
    while True:
        handle.seek(start)
        head = handle.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">L4s", head)
        yield kind, start, length + 12
        if kind == b"IEND":
            return
        start += length + 12


def _sound(handle: IO[bytes], start: int, length: int) -> bool:
    handle.seek(start + 4)
    data = handle.read(length - 4)
    return len(data) == length - 4 and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "big")


class _Parts(io.RawIOBase):
    """Parts of a file, each given by its start and length, one after the other."""

    def __init__(self, handle: IO[bytes], parts: list[tuple[int, int]]) -> None:
        self._handle, self._parts, self._at = handle, parts, 0
        self._ends = list(accumulate(length for _, length in parts))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        before = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}
        self._at = max(0, place + before.get(whence, self._ends[-1]))
        return self._at

    def readinto(self, buffer: Any) -> int:
        part = bisect_right(self._ends, self._at)
        if part == len(self._parts):
            return 0
        start, length = self._parts[part]
        left = self._ends[part] - self._at
        self._handle.seek(start + length - left)
        data = self._handle.read(min(len(buffer), left))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
