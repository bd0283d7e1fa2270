"""The one exception a user is meant to read, and how a stranger's text is shown in it.

One line for the user. `UserError` names the place, what is wrong and the remedy, and is logged
without a traceback; any other exception is a bug and keeps it (`engine.jobs`).

Nothing of a stranger's runs. Checkpoints are loaded as weights only; `clip.load` would run what a
TorchScript archive holds, so of these only OpenAI's own are let through, known by their SHA-256
(`models.openai`). A config is plain YAML (`config.plain`); a photo's name in a corpus is looked up
in its folder and leads nowhere else; every text on a page is escaped (`report.html`). What a
stranger wrote is shown by one function, `errors.printable`: in errors, logs, terminals and pages,
so that no escape sequence, line end or mark of direction in a name, a text or a server's answer
does anything there. To print, call `errors.say`, which also knows terminals that are not UTF-8. A
job has no standard input (`jobs.start`): no library can ask whether to run the code that came with
a model, and a model that names some is refused before (`models.hub`). `tests/unit/test_trust.py`
and `tests/workflow/test_browser.py` try it.
"""

from __future__ import annotations

import logging
import re
import sys
from types import TracebackType
from typing import TextIO

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""What moves a cursor, ends a line, turns the direction of writing or is no character."""

LONGEST = 1500
"""Characters of a line of a UserError; what is wrong stands at its ends."""


AGAIN = "run again to have it made again"
"""The remedy for a result that is not what it was: the next run notices, and makes it again."""


class UserError(Exception):
    """Bad input or configuration, said in one line: the place, what is wrong, the remedy.

    Scripts log it without a traceback; every other exception is a bug and keeps its traceback.
    Several faults are several arguments, a line each. Each is `printable`.
    """

    def __str__(self) -> str:
        return "\n".join(_short(printable(str(line))) for line in self.args)


def _short(line: str) -> str:
    """A line that a person reads, without the middle of what someone made too long to read."""
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"


def printable(text: str, keep: str = "") -> str:
    """A text as it may be shown to a person, whoever wrote it.

    Everything that comes from somebody's files, configuration or servers goes through here on its
    way to a log, a terminal or a page: control characters (escape sequences can rewrite a
    terminal), line ends (a name cannot forge a line of a log), marks of direction (they show a
    name backwards) and halves of surrogate pairs (which no UTF-8 holds) become `\\x1b`, `\\u202e`.

    Args:
        text: any text.
        keep: characters that stay, such as the line ends of a traceback.
    """

    def escaped(found: re.Match[str]) -> str:
        mark = found[0]
        return mark if mark in keep else mark.encode("unicode_escape").decode("ascii")

    return _UNSEEN.sub(escaped, text)


def say(text: str, to: TextIO | None = None) -> None:
    """Print lines, whatever they hold and whatever the stream can write (default: stdout)."""
    stream = sys.stdout if to is None else to
    shown = printable(text, keep="\n\t")
    encoding = stream.encoding or "utf-8"
    stream.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")


class Formatter(logging.Formatter):
    """Of a log whose records are a line each, whatever they quote; tracebacks keep their lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        return printable(super().formatException(ei), keep="\n\t")
