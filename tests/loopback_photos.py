"""A web server on loopback that serves photos, and misbehaves on request."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np
from PIL import Image

from tests.loopback import QuietHandler, Serving


class Asked(NamedTuple):
    """One request as it came in; `key` is its path without the leading slash."""

    when: float
    key: str
    host: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer.

    `length`: the Content-Length that is claimed, -1 for none. `cut`: bytes of the body that are
    sent before the connection is closed. `hang`: seconds of silence before the answer, or, with
    `cut`, after these bytes. `drip`: seconds of silence after each byte, `header_drip`: after
    each one of a header. `reset`: end the
    connection by a TCP reset. `chunked`: send the body as two chunks, the second one only if
    nothing is cut.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    cut: int | None = None
    hang: float = 0.0
    drip: float = 0.0
    header_drip: float = 0.0
    reset: bool = False
    chunked: bool = False


def picture(key: str, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A picture of its own for every key."""
    rng = np.random.default_rng(list(key.encode("utf-8", "surrogatepass")))
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str = "PNG") -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def photo(key: str) -> Reply:
    """The photo of a key: what a good server sends."""
    return Reply(encoded(picture(key)), headers={"Content-Type": "image/png"})


HTML = Reply(
    b"\n<!DOCTYPE html><html><body>This article is no longer available</body></html>",
    headers={"Content-Type": "image/jpeg"},
)


class LoopbackPhotos(Serving):
    """Serves while the `with` block runs.

    `schedule` gives, for the n-th request of a key (from 0), the answer; by default its photo.
    """

    def __init__(self, schedule: Callable[[str, int], Reply] | None = None) -> None:
        self.asked: list[Asked] = []
        self._schedule = schedule or (lambda key, nth: photo(key))
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        outer = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                reply = outer._reply(self)
                with contextlib.suppress(OSError):  # the client may be gone
                    self._send(reply)

            def _send(self, reply: Reply) -> None:
                if reply.hang and reply.cut is None:
                    outer.closing.wait(reply.hang)
                if reply.reset and reply.cut is None:
                    self._end(reset=True)
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.header_drip:
                    self._drip(b"X-Drip: " + bytes(900).hex().encode(), reply.header_drip)
                length = len(reply.body) if reply.length is None else reply.length
                if reply.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                elif length >= 0:
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                body = reply.body[: reply.cut]
                if reply.chunked:
                    half = len(body) // 2
                    parts = [body[:half]] if reply.cut else [body[:half], body[half:], b""]
                    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
                if reply.drip:
                    self._drip(body, reply.drip)
                else:
                    self.wfile.write(body)
                if reply.cut is not None and reply.hang:
                    outer.closing.wait(reply.hang)
                if reply.cut is not None or reply.length is not None:
                    self._end(reply.reset)

            def _drip(self, content: bytes, pause: float) -> None:
                self.flush_headers()
                for byte in content:
                    self.wfile.write(bytes([byte]))
                    if outer.closing.wait(pause):
                        break

            def _end(self, reset: bool) -> None:
                self.close_connection = True
                if reset:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()

        super().__init__(Handler)
        self.url = f"http://127.0.0.1:{self.port}/"

    @property
    def keys(self) -> list[str]:
        """The key of every request, as they came."""
        return [asked.key for asked in self.asked]

    def _reply(self, handler: BaseHTTPRequestHandler) -> Reply:
        key = unquote(urlsplit(handler.path).path[1:])
        headers = dict(handler.headers)
        with self._lock:
            self.asked.append(Asked(time.time(), key, headers.get("Host", ""), headers))
            nth = self._seen[key]
            self._seen[key] += 1
        return self._schedule(key, nth)
