"""One request for a photo: where it goes, who asks, and what an answer without a photo says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.packages.urllib3 import exceptions as urllib3

from rematch.corpus.downloading.failures import (
    ADDRESS,
    CUT,
    DEAD,
    NO_ANSWER,
    OFTEN,
    REDIRECT,
    REFUSED,
    SERVER,
    Failure,
)
from rematch.outside import LONGEST_PAUSE_S, innermost, passing, retry_after_s, said, short, wire

PATIENCE = 10
"""An answer may take this many times `timeout_s` in all, however steadily it drips: its headers
as well as its body."""

_ACCEPT = "image/jpeg, image/png, image/webp, image/gif, */*;q=0.1"


class _Session(requests.Session):
    """A session that leaves redirects alone.

    Told not to follow them, requests still reads the whole body of each, of whatever size, and
    follows it on paper.
    """

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Generator[Any]:
        yield from ()


class Sessions:
    """A session for each thread: connections are kept, cookies are not."""

    def __init__(self, user_agent: str, timeout_s: float) -> None:
        self._user_agent = user_agent
        self._timeout_s = timeout_s
        self._thread = threading.local()
        self._all: list[requests.Session] = []

    def own(self) -> requests.Session:
        """This thread's."""
        if not hasattr(self._thread, "session"):
            session = _Session()
            session.headers.update(
                {
                    "User-Agent": self._user_agent,
                    "Accept": _ACCEPT,
                    "Accept-Encoding": "identity",
                }
            )
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            for scheme in ("http://", "https://"):
                session.mount(scheme, wire.Adapter(PATIENCE))
            self._thread.session = session
            self._all.append(session)
        own: requests.Session = self._thread.session
        return own

    def get(self, url: str) -> requests.Response:
        """The head of an answer; its body is yet to be read."""
        return self.own().get(url, stream=True, allow_redirects=False, timeout=self._timeout_s)

    def close(self) -> None:
        """Close those of all threads."""
        for session in self._all:
            session.close()


def host_of(url: str) -> str:
    """The host that a URL asks, in lower case."""
    if not url:
        raise Failure(f"{ADDRESS}: no URL", lasting=True)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise Failure(f"{ADDRESS}: {short(url)} ({error})", lasting=True) from None
    if parts.scheme not in ("http", "https") or not host:
        raise Failure(f"{ADDRESS}: {short(url)}, not http or https", lasting=True)
    return host


def target_of(url: str, location: str) -> str:
    """Where a redirect from `url` leads."""
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError as error:
        raise Failure(f"{REDIRECT}: to {short(location)} ({error})", lasting=True) from None


@contextmanager
def network() -> Iterator[None]:
    """What requests and urllib3 raise, as a `Failure`."""
    try:
        yield
    except (requests.Timeout, urllib3.TimeoutError):
        raise Failure(f"{NO_ANSWER}: silence", again=OFTEN, down=True) from None
    except ValueError as error:  # what both raise for an address that they cannot read
        raise Failure(f"{ADDRESS}: {short(str(error))}", lasting=True) from None
    except requests.RequestException as error:
        cause = innermost(error)
        # An unknown name or a wrong certificate will hardly be another in a minute.
        settled = isinstance(cause, (socket.gaierror, ssl.SSLCertVerificationError))
        again = 1 if settled else OFTEN
        raise Failure(f"{NO_ANSWER}: {said(cause)}", again=again, down=True) from None
    except urllib3.HTTPError as error:
        raise Failure(f"{CUT}: {said(innermost(error))}", again=OFTEN, down=True) from None


def demand_body(response: requests.Response) -> None:
    """Let an answer with a body of its own pass, fail for every other status."""
    status = response.status_code
    if status in (200, 203):
        return
    if status in (404, 410):
        raise Failure(f"{DEAD}: HTTP {status}", lasting=True)
    if passing(status):
        wait = retry_after_s(response.headers.get("Retry-After"))
        too_long = wait is not None and wait > LONGEST_PAUSE_S
        raise Failure(
            f"{SERVER}: HTTP {status}" if status >= 500 else f"{REFUSED}: HTTP {status}",
            again=0 if too_long else OFTEN,
            down=True,
            rest=status == 429 or wait is not None,
            retry_after=wait,
        )
    # Not lasting: another User-Agent, or another day, may be welcome.
    raise Failure(f"{REFUSED}: HTTP {status}")
