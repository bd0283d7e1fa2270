"""A web server on loopback that answers like a translation service, and misbehaves on request."""

from __future__ import annotations

import contextlib
import html
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.loopback import QuietHandler, Serving

ERROR_PAGE = (
    "Error 500 (Server Error)!!1500.That’s an error.There was an error. "
    "Please try again later.That’s all we know."
)


@dataclass(frozen=True)
class Asked:
    """One request as it came in; `text` is its parameter q, empty if there is none."""

    when: float
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str

    @property
    def text(self) -> str:
        return self.query.get("q", "")


@dataclass(frozen=True)
class Reply:
    """`hang`: seconds of silence before it. `drop`: close the connection without an answer.

    `raw`: the body as it is, in place of the other one in UTF-8. `cut`: bytes of it that come.
    `length`: whether it is told. `drip`: seconds after each byte, of the headers too if they are
    to drip.
    """

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0
    drop: bool = False
    raw: bytes | None = None
    cut: int | None = None
    length: bool = True
    drip: float = 0.0
    dripping_headers: bool = False


def english(text: str) -> str:
    """What the server says for a text: an injective function, so that mixed answers show."""
    return f"EN [{text}]"


def page(answer: str, tag: str = "result-container") -> str:
    """The page of translate.google.com/m around an answer, with every special as an entity."""
    body = html.escape(answer).encode("ascii", "xmlcharrefreplace").decode("ascii")
    return (
        "<!DOCTYPE html><html><head><title>Google Translate</title></head><body>"
        f'<div class="root-container"><div class="{tag}">{body}</div></div></body></html>'
    )


def translated(asked: Asked) -> Reply:
    return Reply(page(english(asked.text)))


def empty(asked: Asked) -> Reply:
    return Reply(page(""))


def echo(asked: Asked) -> Reply:
    return Reply(page(asked.text))


def error_page(asked: Asked) -> Reply:
    return Reply(page(ERROR_PAGE))


def no_result(asked: Asked) -> Reply:
    return Reply(page(english(asked.text), tag="consent"))


def limited(most: int, code: int = 400) -> Callable[[Asked], Reply]:
    """A service that refuses an address of more than `most` bytes."""
    return lambda asked: Reply("Bad", code) if len(asked.path) > most else translated(asked)


def silence(asked: Asked) -> Reply:
    return Reply(page(english(asked.text)), hang=5.0)


def dropped(asked: Asked) -> Reply:
    return Reply(drop=True)


def status(code: int, **headers: str) -> Callable[[Asked], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda asked: Reply("sorry", code, named)


def answering(payload: Callable[[Asked], object], code: int = 200) -> Callable[[Asked], Reply]:
    """A service that speaks JSON."""
    return lambda asked: Reply(json.dumps(payload(asked)), code)


class Loopback(Serving):
    """Serves while the `with` block runs.

    `schedule` gives, for the n-th request of a text (from 0), the behaviour; by default each
    text is translated.
    """

    def __init__(
        self, schedule: Callable[[str, int], Callable[[Asked], Reply]] | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self._schedule = schedule or (lambda text, nth: translated)
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()
        outer = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(
                    time.time(),
                    self.command,
                    self.path,
                    {name: values[0] for name, values in parse_qs(parts.query).items()},
                    dict(self.headers),
                    self.rfile.read(length).decode("utf-8"),
                )
                reply = outer._reply(asked)
                if reply.hang:
                    outer.closing.wait(reply.hang)
                if reply.drop:
                    self.close_connection = True
                    return
                with contextlib.suppress(OSError):  # the client may be gone
                    self._send(reply)

            def _send(self, reply: Reply) -> None:
                body = reply.body.encode("utf-8") if reply.raw is None else reply.raw
                self.send_response(reply.status)
                told = {"Content-Type": "text/html; charset=utf-8"} | reply.headers
                if reply.length:
                    told["Content-Length"] = str(len(body))
                for name, value in told.items():
                    self.send_header(name, value)
                if reply.dripping_headers:
                    self._drip(b"X-Drip: " + b"a" * 2000, reply.drip)
                self.end_headers()
                sent = body[: reply.cut]
                if reply.drip:
                    self._drip(sent, reply.drip)
                else:
                    self.wfile.write(sent)
                if not reply.length or reply.cut is not None:
                    self.close_connection = True

            def _drip(self, content: bytes, pause: float) -> None:
                self.flush_headers()
                for byte in content:
                    self.wfile.write(bytes([byte]))
                    if outer.closing.wait(pause):
                        break

            do_POST = do_GET

        super().__init__(Handler)
        self.url = f"http://127.0.0.1:{self.port}/m"

    @property
    def texts(self) -> list[str]:
        """The parameter q of every request, as they came."""
        return [asked.text for asked in self.asked]

    def _reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            nth = self._seen.get(asked.text, 0)
            self._seen[asked.text] = nth + 1
        return self._schedule(asked.text, nth)(asked)
