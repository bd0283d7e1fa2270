"""How photos are to be fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rematch.errors import UserError


@dataclass(frozen=True)
class DownloadOptions:
    """How to fetch.

    `user_agent`: how we call ourselves; name a way to reach you. `requests_per_second`: ceiling
    for each host. `threads`: requests in flight at once, over all hosts. `timeout_s`: longest
    silence of a server, while connecting or answering. `retries`: further tries of a photo after
    a passing failure, the first about `backoff_s` later, each next one after twice the time.
    `max_mb`: largest body, in 10^6 bytes. `min_side`: fewest pixels of width and of height, what
    is smaller is a placeholder. `on_missing`: "skip" goes on without the photos that cannot be
    had, "stop" raises. `retry_dead`: ask for lasting failures too. `rates`: folder of the
    ceilings; runs that share it, on this machine or on others, share the ceilings; None: the
    photos' own folder.
    """

    user_agent: str = "news-images-rematch/0.1 (research; fetches each photo once)"
    requests_per_second: float = 2.0
    threads: int = 4
    timeout_s: float = 20.0
    retries: int = 4
    backoff_s: float = 1.0
    max_mb: float = 32.0
    min_side: int = 8
    on_missing: Literal["skip", "stop"] = "skip"
    retry_dead: bool = False
    rates: Path | None = None

    @classmethod
    def from_config(cls, download: Mapping[str, Any]) -> DownloadOptions:
        """From the config's `download` of a corpus, whose keys are these fields."""
        rates = download.get("rates")
        return cls(**{**download, "rates": None if rates is None else Path(rates)})

    def __post_init__(self) -> None:
        for name in ("requests_per_second", "threads", "timeout_s", "max_mb"):
            if not getattr(self, name) > 0:
                raise UserError(f"download {name} is {getattr(self, name)}; it must be above zero")
        for name in ("retries", "backoff_s", "min_side"):
            if getattr(self, name) < 0:
                raise UserError(
                    f"download {name} is {getattr(self, name)}; it must not be negative"
                )
        if self.on_missing not in ("skip", "stop"):
            raise UserError(f"download on_missing is {self.on_missing!r}; use 'skip' or 'stop'")
        if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", self.user_agent):
            raise UserError(
                f"download user_agent is {self.user_agent!r}; it must be one line of ASCII"
            )
