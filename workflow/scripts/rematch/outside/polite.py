"""Manners towards a server: a ceiling on requests per second, waits between tries, Retry-After."""

from __future__ import annotations

import contextlib
import email.utils
import fcntl
import os
import random
import threading
import time
from datetime import UTC
from pathlib import Path

from rematch.storage import make_folder, open_shared, unusable

LONGEST_PAUSE_S = 600.0
"""No slot is given further ahead: a time beyond it comes from a wrong clock and is dropped."""

LONGEST_WISH_S = 1e9
"""What a server asks for beyond this, 31 years, is no number to count with."""

LONGEST_BACKOFF_S = 60.0
"""No wait between two tries is longer, unless the server asks for it."""


def backoff(first_s: float, tries: int) -> float:
    """Seconds to wait after a failure that `tries` further tries came before.

    Doubled from try to try up to `LONGEST_BACKOFF_S`, and shortened at random by up to half, so
    that threads do not come back all at once.
    """
    return min(first_s * 2.0**tries, LONGEST_BACKOFF_S) * random.uniform(0.5, 1.0)


def retry_after_s(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, None if it is absent or unreadable.

    It is a number of seconds or a date (RFC 9110, section 10.2.3).
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), LONGEST_WISH_S)
    try:
        then = email.utils.parsedate_to_datetime(header)
        if then.tzinfo is None:  # "-0000": UTC, not the time of this machine
            then = then.replace(tzinfo=UTC)
        wish = then.timestamp() - time.time()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):  # beyond any calendar
        return None
    return min(max(wish, 0.0), LONGEST_WISH_S)


def passing(status: int) -> bool:
    """Whether an HTTP status that says no may be another one before long."""
    return status in (408, 425, 429) or status >= 500


def innermost(error: BaseException) -> BaseException:
    """The cause of a network library's error: the outer ones' words repeat the address."""
    while True:
        parts = (getattr(error, "reason", None), *error.args, error.__cause__)
        inner = next((part for part in parts if isinstance(part, BaseException)), None)
        if inner is None:
            return error
        error = inner


def said(error: BaseException) -> str:
    """What an error says, in a short line."""
    words = error.strerror if isinstance(error, OSError) else None
    return short(str(words or error) or type(error).__name__)


def short(text: str, most: int = 80) -> str:
    """A text in one line of `most` characters at most."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


class Gate:
    """Hands out moments at which one request may start, `1 / per_second` seconds apart.

    The ceiling holds across the threads, processes and machines that share the file.

    The file holds two times, seconds since 1970: the next free slot, and until when all
    requests rest. It is locked (flock) only while they are read and changed, never while
    waiting, and the system lets go of a killed process's lock.
    """

    def __init__(self, path: str | os.PathLike[str], per_second: float) -> None:
        self._path = Path(path)
        self._step = 1.0 / per_second
        self._lock = threading.Lock()  # flock does not part the threads of one open file
        try:
            make_folder(self._path.parent)
            self._file = open_shared(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise unusable(self._path, error) from error

    def wait(self, stop: threading.Event) -> bool:
        """Wait for a slot; false if `stop` was set meanwhile."""
        while True:
            slot, _ = self._change(take=True)
            if stop.wait(max(slot - time.time(), 0.0)):
                return False
            _, rest = self._change()
            if rest <= time.time():
                return True

    def pause(self, seconds: float) -> None:
        """Let all requests rest, in every process, for `seconds` from now on at least."""
        self._change(rest=time.time() + min(seconds, LONGEST_PAUSE_S))

    def close(self) -> None:
        os.close(self._file)

    def _change(self, take: bool = False, rest: float = 0.0) -> tuple[float, float]:
        """Under the lock: take a slot or prolong the rest; the slot (0 if none) and the rest."""
        with self._lock:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX)
                try:
                    return self._changed(take, rest)
                finally:
                    fcntl.flock(self._file, fcntl.LOCK_UN)
            except OSError as error:
                raise unusable(self._path, error) from error

    def _changed(self, take: bool, rest: float) -> tuple[float, float]:
        now = time.time()
        following, resting = 0.0, 0.0
        with contextlib.suppress(ValueError):  # new, or cut short by a kill
            following, resting = map(float, os.pread(self._file, 64, 0).split())
        if following > now + LONGEST_PAUSE_S + 1000 * self._step:
            following = now
        if resting > now + LONGEST_PAUSE_S:
            resting = now
        resting = max(resting, rest)
        slot = max(now, following, resting) if take else 0.0
        following = slot + self._step if take else following
        os.pwrite(self._file, f"{following:20.6f} {resting:20.6f}\n".encode("ascii"), 0)
        return slot, resting
