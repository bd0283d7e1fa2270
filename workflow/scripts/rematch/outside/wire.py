"""Answers over HTTP that come whole and in time, or are known for what they are.

requests has no limit for a whole answer: one that drips keeps it waiting for ever, since the
time-out begins anew with each byte. It also takes a compressed body that breaks off for a whole
one, and guesses the characters of a page by its header alone.
"""

from __future__ import annotations

import codecs
import re
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.packages.urllib3 import connection, connectionpool

CHUNK = 65_536

_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.I)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.I)


class Broken(Exception):
    """A body that is not what was sent, or does not end; says why in a few words."""


class Slow(Broken):
    """It takes too long as a whole."""


class TooLarge(Broken):
    """More bytes than were asked for."""


class _Watched(connection.HTTPConnection):  # type: ignore[misc]
    """Ends a request whose status and headers take longer than `patience` time-outs."""

    patience = 10.0

    def getresponse(self) -> Any:
        late = threading.Event()
        limit = self.timeout if isinstance(self.timeout, (int, float)) else None
        if limit is None:
            return super().getresponse()
        watch = threading.Timer(limit * self.patience, self._end, (self.sock, late))
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()
        except Exception as error:
            if late.is_set():
                raise TimeoutError("too slow") from error
            raise
        finally:
            watch.cancel()
        if late.is_set():
            raise TimeoutError("too slow")
        return response

    @staticmethod
    def _end(sock: socket.socket, late: threading.Event) -> None:
        late.set()
        with suppress(OSError):
            # The plain socket's: that of TLS would change it under the thread that reads.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _WatchedTls(_Watched, connection.HTTPSConnection):  # type: ignore[misc]
    pass


class Adapter(HTTPAdapter):
    """Connections whose answers have to begin within `patience` times the time-out."""

    def __init__(self, patience: float) -> None:
        plain = type("Plain", (_Watched,), {"patience": patience})
        tls = type("Tls", (_WatchedTls,), {"patience": patience})
        bases = (connectionpool.HTTPConnectionPool, connectionpool.HTTPSConnectionPool)
        self._pools = {
            "http": type("PlainPool", bases[:1], {"ConnectionCls": plain}),
            "https": type("TlsPool", bases[1:], {"ConnectionCls": tls}),
        }
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def chunks(response: requests.Response, until: float) -> Iterator[bytes]:
    """The body, decompressed, as it comes.

    Args:
        response: got with `stream=True`.
        until: `time.monotonic()` at which it should have ended.

    Raises:
        Slow: it has not.
        Broken: it ends before its end, or is compressed in a way that was not asked for.
    """
    unpack = _unpacking(response.headers.get("Content-Encoding", ""))
    # read1 gives what has come; a read of a fixed size would hide a drip from the clock. It
    # raises for a body that is shorter than its Content-Length.
    while chunk := response.raw.read1(CHUNK, decode_content=False):
        if time.monotonic() > until:
            raise Slow("too slow")
        if unpack is None:
            yield chunk
        else:
            yield from unpack.feed(chunk)
    if unpack is not None:
        unpack.demand_end()


def body(response: requests.Response, until: float, most: int) -> bytes:
    """The whole body; see `chunks`.

    Raises:
        TooLarge: it has more than `most` bytes.
    """
    found = bytearray()
    for chunk in chunks(response, until):
        found += chunk
        if len(found) > most:
            raise TooLarge(f"more than {most:,} bytes")
    return bytes(found)


def _unpacking(encoding: str) -> _Unpacking | None:
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return None
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        raise Broken("compressed otherwise than was asked for")
    return _Unpacking()


class _Unpacking:
    """gzip, zlib or bare deflate, a little at a time."""

    def __init__(self) -> None:
        self._unpacker: Any = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        left = chunk
        while left:
            if self._unpacker.eof:  # gzip may hold several streams, one after the other
                self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                out = self._unpacker.decompress(left, CHUNK)
            except zlib.error as error:
                if self._begun:
                    raise Broken("damaged compression") from error
                self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
                self._begun = True
                continue
            self._begun = True
            if out:
                yield out
            left = self._unpacker.unconsumed_tail or self._unpacker.unused_data
            if not left and len(out) == CHUNK:  # what it has not given yet
                while more := self._unpacker.decompress(b"", CHUNK):
                    yield more

    def demand_end(self) -> None:
        if self._begun and not self._unpacker.eof:
            raise Broken("compressed body cut short")


def whole(response: requests.Response, content: bytes) -> bool:
    """Whether a body is known to have come whole.

    One that tells no length ends where its connection does, for whatever reason; a page has to
    come to its own end then.
    """
    headers = response.headers
    if headers.get("Content-Length", "").isdecimal() or "chunked" in headers.get(
        "Transfer-Encoding", ""
    ):
        return True
    return b"html" not in content[:1000].lower() or b"</html" in content[-1000:].lower()


def text_of(response: requests.Response, content: bytes) -> str:
    """A body's characters: by its mark, as UTF-8, as the page or as the header declares it.

    What is UTF-8 and holds more than ASCII is nothing else but by a strange chance, whatever was
    declared.

    Raises:
        Broken: none of them fits.
    """
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16")):
        if content.startswith(mark) or (name == "utf-16" and content.startswith(b"\xfe\xff")):
            return _decoded(content, name + ("-sig" if name == "utf-8" else "")) or ""
    page, header = (
        _META.search(content[:4096]),
        _HEADER.search(response.headers.get("Content-Type", "")),
    )
    declared = [page.group(1).decode("ascii")] if page else []
    declared += [header.group(1)] if header else []
    # Those that write everything in ASCII, such as ISO-2022-JP, look like UTF-8.
    order = [*declared, "utf-8"] if b"\x1b" in content else ["utf-8", *declared]
    for name in order:
        found = _decoded(content, name)
        if found is not None:
            return found
    raise Broken("characters of an unknown kind")


def _decoded(content: bytes, name: str) -> str | None:
    try:
        # As browsers read it: no page means the control characters that Latin-1 has there.
        latin = codecs.lookup(name).name in ("iso8859-1", "ascii")
        return content.decode("cp1252" if latin else name)
    except (LookupError, ValueError):
        return None


def following(url: str, location: str, keep_host: bool) -> str:
    """The address that a redirect leads to.

    Args:
        keep_host: whether the next request would carry what is meant for this server alone.

    Raises:
        Broken: it leads where this request must not go.
    """
    try:
        target = urljoin(url, location).partition("#")[0]
        old, new = urlsplit(url), urlsplit(target)
        ends = [(part.scheme, part.hostname, part.port) for part in (old, new)]
    except ValueError:
        raise Broken("redirect to no address") from None
    if new.scheme not in ("http", "https") or not new.hostname:
        raise Broken("redirect to no address")
    if old.scheme == "https" and new.scheme == "http":
        raise Broken("redirect to an open connection")
    if keep_host and ends[0] != ends[1]:
        raise Broken("redirect to another server")
    return target
