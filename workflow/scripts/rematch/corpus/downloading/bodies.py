"""From an answer's body to a photo in a file, or to what it is instead."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import requests

from rematch.corpus.downloading.asking import PATIENCE
from rematch.corpus.downloading.failures import CUT, NOT_PHOTO, OFTEN, PLACEHOLDER, Failure
from rematch.corpus.downloading.options import DownloadOptions
from rematch.corpus.photos import EMPTY, TOO_LARGE, PhotoError, form, opened
from rematch.outside import wire

_EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "WEBP": ".webp"}


def store(response: requests.Response, part: Path, options: DownloadOptions) -> tuple[str, int]:
    """Write a body to `part`, on disk when this returns; its SHA-256 and size in bytes."""
    most = int(options.max_mb * 1e6)
    too_large = Failure(f"{TOO_LARGE}: more than {options.max_mb:g} MB", lasting=True)
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > most:
        raise too_large
    until = time.monotonic() + PATIENCE * options.timeout_s
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        try:
            for chunk in wire.chunks(response, until):
                size += len(chunk)
                if size > most:
                    raise too_large
                digest.update(chunk)
                file.write(chunk)
        except wire.Slow:
            raise Failure(f"{CUT}: too slow, {size:,} bytes so far", again=1) from None
        except wire.Broken as error:
            raise Failure(f"{CUT}: {error}", again=OFTEN) from None
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise Failure(f"{EMPTY}: 0 bytes", again=2)
    return digest.hexdigest(), size


def photo_extension(part: Path, min_side: int) -> str:
    """The extension that the content of `part` deserves.

    Raises:
        Failure: it is no photo, does not open as the corpus would open it, or shows nothing.
    """
    with part.open("rb") as file:
        head = file.read(512)
    try:
        with opened(part) as image:
            size = image.size
            plain = all(low == high for low, high in (band.getextrema() for band in image.split()))
    except PhotoError as error:
        if error.reason.startswith(TOO_LARGE):
            raise Failure(error.reason, lasting=True) from None
        if _looks_like_photo(head):
            # One more try: without a Content-Length a cut body looks like this too.
            raise Failure(error.reason, again=1) from None
        raise Failure(f"{NOT_PHOTO}: {_described(head)}") from None
    if min(size) < min_side:
        raise Failure(f"{PLACEHOLDER}: {size[0]} x {size[1]} pixels", lasting=True)
    if plain:
        raise Failure(f"{PLACEHOLDER}: a single colour", lasting=True)
    return _EXTENSIONS[form(part)]


def _looks_like_photo(head: bytes) -> bool:
    return head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8")) or (
        head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    )


def _described(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--", b"<script")):
        return "an HTML page"
    if b"<svg" in text:
        return "an SVG drawing"
    return f"it begins with {head[:16]!r}"
