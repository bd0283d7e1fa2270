"""One photo: its redirects followed, its tries counted."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from rematch.corpus.downloading.asking import Sessions, demand_body, host_of, network, target_of
from rematch.corpus.downloading.bodies import photo_extension, store
from rematch.corpus.downloading.failures import NOT_ASKED, REDIRECT, Failure, class_of
from rematch.corpus.downloading.hosts import Hosts
from rematch.corpus.downloading.options import DownloadOptions
from rematch.outside import backoff

log = logging.getLogger(__name__)

REDIRECTS = 5
"""Most redirects followed for a photo."""


class Fetched(NamedTuple):
    """A photo that came: the host asked last, its bytes' SHA-256 and number, and the extension
    that its content deserves."""

    host: str
    digest: str
    size: int
    extension: str


class GivenUp(Exception):
    """No try brought the photo; `failure`: the one that says why, after `tries` others."""

    def __init__(self, failure: Failure, tries: int) -> None:
        super().__init__(failure.reason)
        self.failure = failure
        self.tries = tries


class Fetcher:
    """Fetches photos, one a thread at a time."""

    def __init__(self, options: DownloadOptions, hosts: Hosts) -> None:
        self.retried: Counter[str] = Counter()
        """Failures after which a photo was tried again, by class."""
        self._options = options
        self._hosts = hosts
        self._sessions = Sessions(options.user_agent, options.timeout_s)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads."""
        self._sessions.close()

    def fetch(self, url: str, part: Path) -> Fetched:
        """Fetch the photo at `url` into the file `part`, with as many tries as it is worth.

        Raises:
            GivenUp: it did not come.
            Stopped: the run was interrupted before its turn.
        """
        tries = 0
        before: Failure | None = None
        while True:
            try:
                return self._try(url, part)
            except Failure as failure:
                if tries < min(self._options.retries, failure.again):
                    self._back_off(failure, tries)
                    tries += 1
                    before = failure
                    continue
                if before is not None and class_of(failure.reason) == NOT_ASKED:
                    # It was asked, and this said why it did not come.
                    raise GivenUp(before, tries - 1) from None
                raise GivenUp(failure, tries) from None

    def _try(self, url: str, part: Path) -> Fetched:
        """Follow `url`, and write the photo to `part`."""
        seen: set[str] = set()
        while True:
            try:
                host = host_of(url)
            except Failure as failure:
                if seen:
                    raise Failure(f"{REDIRECT}: to {failure.reason}", lasting=True) from None
                raise
            if url in seen or len(seen) > REDIRECTS:
                what = "in a circle" if url in seen else f"more than {REDIRECTS}"
                raise Failure(f"{REDIRECT}: {what}", lasting=True)
            seen.add(url)
            self._hosts.wait(host)
            try:
                with network(), self._sessions.get(url) as response:
                    if response.is_redirect:
                        location = self._sessions.own().get_redirect_target(response)
                        url = target_of(url, location or "")
                        continue
                    demand_body(response)
                    digest, size = store(response, part, self._options)
                extension = photo_extension(part, self._options.min_side)
                return Fetched(host, digest, size, extension)
            except Failure as failure:
                failure.host = host
                raise

    def _back_off(self, failure: Failure, tries: int) -> None:
        delay = backoff(self._options.backoff_s, tries)
        with self._lock:
            self.retried[class_of(failure.reason)] += 1
        if failure.rest:
            delay = max(delay, failure.retry_after or 0.0)
            log.info("%s: %s, resting for %.1f s", failure.host, failure.reason, delay)
            self._hosts.rest(failure.host, delay)
        else:
            self._hosts.stop.wait(delay)
