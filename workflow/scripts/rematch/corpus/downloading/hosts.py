"""The servers that are asked: each one's ceiling, and which are given up."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

from rematch.corpus.downloading.failures import NOT_ASKED, Failure, Stopped
from rematch.outside import LONGEST_PAUSE_S, Gate

log = logging.getLogger(__name__)

GIVE_UP_AFTER = 10
"""So many photos in a row that a host did not answer for, retries included: it is down."""


class Hosts:
    """What a run knows of the hosts it asks; for all of its threads."""

    def __init__(self, rates: Path, per_second: float) -> None:
        """`rates`: folder of the ceilings' files. `per_second`: requests to each host."""
        self.stop = threading.Event()
        """Set, it ends all waiting."""
        self.requests = 0
        self._rates = rates
        self._per_second = per_second
        self._lock = threading.Lock()
        self._in_a_row: Counter[str] = Counter()
        self._ended: dict[str, str] = {}  # host -> why it is not asked any more

    def wait(self, host: str) -> None:
        """Wait for a request's turn at `host`.

        Raises:
            Failure: it is not asked any more.
            Stopped: the run is.
        """
        with closing(self._gate(host)) as gate:
            going = gate.wait(self.stop)
        if not going:
            raise Stopped
        with self._lock:
            if host in self._ended:
                raise Failure(f"{NOT_ASKED}: {self._ended[host]}")
            self.requests += 1

    def rest(self, host: str, seconds: float) -> None:
        """Let all requests to `host` rest."""
        with closing(self._gate(host)) as gate:
            gate.pause(seconds)

    def came(self, host: str) -> None:
        """Note that a photo came from `host`."""
        with self._lock:
            self._in_a_row[host] = 0

    def failed(self, failure: Failure) -> None:
        """Note what a photo's last try came to, and give its host up if that was enough."""
        host = failure.host
        if not host:
            return
        with self._lock:
            self._in_a_row[host] = self._in_a_row[host] + 1 if failure.down else 0
            wants = failure.retry_after or 0.0
            if host not in self._ended:
                if wants > LONGEST_PAUSE_S:
                    self._end(host, f"wants no request for {wants:,.0f} s")
                elif self._in_a_row[host] >= GIVE_UP_AFTER:
                    self._end(host, f"failed {GIVE_UP_AFTER} times in a row")

    def _end(self, host: str, why: str) -> None:
        self._ended[host] = f"{host} {why}"
        log.error("%s %s; its other photos are not asked for in this run", host, why)

    def _gate(self, host: str) -> Gate:
        # A file a host, opened for one request: a corpus may name thousands of hosts.
        name = hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return Gate(self._rates / f"{name}.rate", self._per_second)
