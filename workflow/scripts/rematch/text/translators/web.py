"""deep_translator over a connection with a time limit and readable failures.

deep_translator calls `requests.get` and `requests.post` without a timeout, without a session,
and turns a response into an exception that has lost its status and its Retry-After. Its modules
look `requests` up by name, so a stand-in takes that name in the module of the translator used,
and only there: within an `Ask` it sends through this thread's own session, anywhere else it is
`requests` itself. Neither requests nor the socket module is changed.
"""

from __future__ import annotations

import errno
import json
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.packages.urllib3 import exceptions as urllib3

from rematch.errors import UserError
from rematch.outside import innermost, passing, retry_after_s, said, wire
from rematch.text.translators.base import Ask, RequestFailed, another_turn

Rewrite = Callable[[str, dict[str, Any]], str]
"""Changes a request's keyword arguments in place and returns its method."""

_REFUSED = {401, 403, 456}  # no or wrong key, blocked, DeepL's quota used up
_TOO_LONG = {400, 413, 414}
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}

PATIENCE = 3
"""An answer may take this many times `timeout_s` in all, however steadily it drips."""

REDIRECTS = 3
"""Most redirects followed for one text."""

LARGEST = 8_000_000
"""Bytes of an answer."""

_here = threading.local()


class _Requests:
    """Stands for `requests` in a module of deep_translator."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def get(self, url: str, **kwargs: Any) -> Any:
        return (getattr(_here, "session", None) or requests).get(url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        return (getattr(_here, "session", None) or requests).post(url, **kwargs)


_STAND_IN = _Requests()


class Session(requests.Session):
    """A session whose requests time out and fail as `RequestFailed`.

    Args:
        timeout_s: longest silence, in seconds.
        rewrite: applied to every request.
        inspect: raises RequestFailed for a notice of the service.
    """

    def __init__(
        self,
        timeout_s: float,
        rewrite: Rewrite | None = None,
        inspect: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._timeout_s = timeout_s
        self._rewrite = rewrite
        self._inspect = inspect
        # Without a session the library kept no cookies; a kept one would tie requests together.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["Accept-Encoding"] = "gzip, deflate"
        for scheme in ("http://", "https://"):
            self.mount(scheme, wire.Adapter(PATIENCE))

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Generator[Any]:
        """None: told not to follow them, requests still reads a redirect's body, however long."""
        yield from ()

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if self._rewrite is not None:
            method = self._rewrite(method, kwargs)
        kwargs |= {"timeout": self._timeout_s, "stream": True, "allow_redirects": False}
        seen: set[str] = set()
        while True:
            # `from None`: the messages of requests quote the address, which holds the text and,
            # with some services, the key.
            try:
                with super().request(method, url, *args, **kwargs) as response:
                    if not response.is_redirect:
                        return self._received(response)
                    seen.add(response.url)
                    url = self._next(method, response, seen)
            except requests.Timeout as error:
                unmet = isinstance(error, requests.ConnectTimeout)
                kind = "no connection (timeout)" if unmet else "timeout"
                raise RequestFailed(kind, unreachable=unmet) from None
            except urllib3.TimeoutError:
                raise RequestFailed("timeout") from None
            except requests.RequestException as error:
                raise _no_connection(error) from None
            except (urllib3.HTTPError, OSError) as error:
                raise RequestFailed(f"cut short ({type(error).__name__})") from None
            except wire.Slow:
                raise RequestFailed("timeout") from None
            except wire.Broken as error:
                raise RequestFailed(f"unreadable answer ({error})") from None
            kwargs["params"] = None  # the address holds them
            another_turn()

    def _next(self, method: str, response: requests.Response, seen: set[str]) -> str:
        """Where a redirect leads. What is posted, keys above all, never leaves its server."""
        location = self.get_redirect_target(response) or ""
        try:
            posted = method.upper() != "GET"
            url = wire.following(response.url, location, keep_host=posted)
            if posted and response.status_code not in (307, 308):
                raise wire.Broken("redirect that would lose the text")
            if url in seen or len(seen) > REDIRECTS:
                raise wire.Broken("redirect in a circle" if url in seen else "too many redirects")
        except wire.Broken as error:
            raise RequestFailed(str(error), again=False) from None
        return url

    def _received(self, response: requests.Response) -> requests.Response:
        """The answer with its whole body, as UTF-8 whatever it was."""
        status = response.status_code
        until = time.monotonic() + (PATIENCE - 1) * self._timeout_s
        if status >= 400:
            self._refuse(response, until)
        content = wire.body(response, until, LARGEST)
        if not wire.whole(response, content):
            raise wire.Broken("cut short")
        text = wire.text_of(response, content)
        response._content = text.encode("utf-8")
        response._content_consumed = True
        response.encoding = "utf-8"
        return response

    def _refuse(self, response: requests.Response, until: float) -> None:
        status = response.status_code
        said = ""
        with suppress(wire.Broken, urllib3.HTTPError, OSError):
            said = wire.text_of(response, wire.body(response, until, LARGEST))
        if self._inspect is not None and said:
            with suppress(ValueError, TypeError, KeyError):
                said = str(json.loads(said)["responseData"]["translatedText"])
            self._inspect(said)
        raise RequestFailed(
            f"HTTP {status}",
            again=passing(status),
            retry_after=retry_after_s(response.headers.get("Retry-After")),
            refused=status in _REFUSED,
            too_long=status in _TOO_LONG,
        )


def _no_connection(error: requests.RequestException) -> RequestFailed:
    cause = innermost(error)
    unmet = isinstance(cause, (socket.gaierror, ConnectionRefusedError)) or (
        isinstance(cause, OSError) and cause.errno in _UNREACHABLE
    )
    if unmet:
        return RequestFailed(f"no connection ({said(cause)})", unreachable=True)
    return RequestFailed(f"no connection ({type(error).__name__})")


def form_body(method: str, kwargs: dict[str, Any]) -> str:
    """Send the parameters of the address as a form instead: POST, and no secret in a URL."""
    kwargs["data"] = kwargs.pop("params")
    return "POST"


def asking(
    module: Any,
    make: Callable[[], Any],
    timeout_s: float,
    rewrite: Rewrite | None = None,
    inspect: Callable[[str], None] | None = None,
) -> Ask:
    """An `Ask` by one translator of its own.

    Args:
        module: the module of deep_translator whose requests go through the session.
        make: makes the translator.
        timeout_s: longest wait, in seconds, for a connection or the next bytes.
        rewrite: applied to every request.
        inspect: raises RequestFailed for an answer that is a notice of the service.

    Raises:
        UserError: the translator does not know a language.
    """
    from deep_translator.exceptions import LanguageNotSupportedException

    try:
        translator = make()
    except LanguageNotSupportedException as error:
        raise UserError(
            f"translation: the language {error.val!r} is not one of "
            f"{module.__name__.rpartition('.')[2]}; use its two-letter code, such as 'de' or 'en'"
        ) from None
    module.requests = _STAND_IN
    session = Session(timeout_s, rewrite, inspect)

    def ask(texts: Sequence[str]) -> list[str | None]:
        _here.session = session
        try:
            return [_answer(translator, text, inspect) for text in texts]
        finally:
            _here.session = None

    return ask


def _answer(translator: Any, text: str, inspect: Callable[[str], None] | None) -> str | None:
    from deep_translator.exceptions import NotValidLength, TranslationNotFound

    try:
        answer = translator.translate(text)
    except TranslationNotFound:
        return None
    except NotValidLength:
        raise RequestFailed("too long", again=False, too_long=True) from None
    except (RequestFailed, UserError):
        raise
    except Exception as error:
        # deep_translator takes an answer apart without looking whether it has the form, and
        # so do the libraries under it.
        raise RequestFailed(f"unreadable answer ({type(error).__name__})") from None
    if answer is None:
        return None
    if not isinstance(answer, str):
        raise RequestFailed(f"unreadable answer ({type(answer).__name__})")
    if inspect is not None:
        inspect(answer)
    return answer


def language(code: str, known: Mapping[str, str]) -> str:
    """`code` as a service calls it: MyMemory wants "de-DE" where the others want "de"."""
    from deep_translator.constants import GOOGLE_LANGUAGES_TO_CODES

    if code in known or code in known.values():
        return code
    names = {short: name for name, short in GOOGLE_LANGUAGES_TO_CODES.items()}
    return str(known.get(names.get(code, code), code))
