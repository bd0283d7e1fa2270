"""Why a photo did not come."""

from __future__ import annotations

DEAD = "dead link"
REFUSED = "refused"
SERVER = "server error"
NO_ANSWER = "no answer"
CUT = "cut short"
REDIRECT = "redirect"
ADDRESS = "bad address"
NOT_PHOTO = "not a photo"
PLACEHOLDER = "placeholder"
NOT_ASKED = "not asked"

OFTEN = 1_000_000
"""Tries: as many as the options allow."""


class Failure(Exception):
    """A try that brought no photo.

    `again`: how many further tries it is worth. `lasting`: see `folder.Failed`. `down`: it is the
    host that fails, whatever photo is asked for. `rest`: the host wants fewer requests, with
    `retry_after` none for so many seconds.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: int = 0,
        lasting: bool = False,
        down: bool = False,
        rest: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.lasting = lasting
        self.down = down
        self.rest = rest
        self.retry_after = retry_after
        self.host = ""


class Stopped(Exception):
    """The run was interrupted before this photo's turn."""


def class_of(reason: str) -> str:
    """What stands before the first ": " of a reason."""
    return reason.split(": ", 1)[0]
