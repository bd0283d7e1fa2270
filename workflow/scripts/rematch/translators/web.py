"""deep_translator over a connection with a time limit and readable failures.

deep_translator calls `requests.get` and `requests.post` without a timeout, without a session,
and turns a response into an exception that has lost its status and its Retry-After. Its modules
look `requests` up by name, so a stand-in takes that name in the module of the translator used,
and only there: within an `Ask` it sends through this thread's own session, anywhere else it is
`requests` itself. Neither requests nor the socket module is changed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from rematch.errors import UserError
from rematch.polite import passing, retry_after_s
from rematch.translators.base import Ask, RequestFailed

Rewrite = Callable[[str, dict[str, Any]], str]
"""Changes a request's keyword arguments in place and returns its method."""

_REFUSED = {401, 403, 456}  # no or wrong key, blocked, DeepL's quota used up

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
    """A session whose requests time out and fail as `RequestFailed`."""

    def __init__(self, timeout_s: float, rewrite: Rewrite | None) -> None:
        super().__init__()
        self._timeout_s = timeout_s
        self._rewrite = rewrite
        # Without a session the library kept no cookies; a kept one would tie requests together.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if self._rewrite is not None:
            method = self._rewrite(method, kwargs)
        kwargs["timeout"] = self._timeout_s
        # `from None`: the messages of requests quote the address, which holds the text and,
        # with some services, the key.
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.Timeout:
            raise RequestFailed("timeout") from None
        except requests.RequestException as error:
            raise RequestFailed(f"no connection ({type(error).__name__})") from None
        status = response.status_code
        if status >= 400:
            raise RequestFailed(
                f"HTTP {status}",
                again=passing(status),
                retry_after=retry_after_s(response.headers.get("Retry-After")),
                refused=status in _REFUSED,
            )
        return response


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
    from deep_translator.exceptions import (
        LanguageNotSupportedException,
        MicrosoftAPIerror,
        TranslationNotFound,
    )

    try:
        translator = make()
    except LanguageNotSupportedException as error:
        raise UserError(
            f"translation: the language {error.val!r} is not one of "
            f"{module.__name__.rpartition('.')[2]}; use its two-letter code, such as 'de' or 'en'"
        ) from None
    module.requests = _STAND_IN
    session = Session(timeout_s, rewrite)

    def one(text: str) -> str | None:
        try:
            answer = translator.translate(text)
        except TranslationNotFound:
            return None
        except (
            MicrosoftAPIerror,
            json.JSONDecodeError,
            AttributeError,
            IndexError,
            KeyError,
            StopIteration,
            TypeError,
        ) as error:
            # deep_translator takes an answer apart without looking whether it has the form.
            raise RequestFailed(f"unreadable answer ({type(error).__name__})") from None
        if answer is None:
            return None
        if not isinstance(answer, str):
            raise RequestFailed(f"unreadable answer ({type(answer).__name__})")
        if inspect is not None:
            inspect(answer)
        return answer

    def ask(texts: Sequence[str]) -> list[str | None]:
        _here.session = session
        try:
            return [one(text) for text in texts]
        finally:
            _here.session = None

    return ask


def language(code: str, known: Mapping[str, str]) -> str:
    """`code` as a service calls it: MyMemory wants "de-DE" where the others want "de"."""
    from deep_translator.constants import GOOGLE_LANGUAGES_TO_CODES

    if code in known or code in known.values():
        return code
    names = {short: name for name, short in GOOGLE_LANGUAGES_TO_CODES.items()}
    return str(known.get(names.get(code, code), code))
