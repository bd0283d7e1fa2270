"""What every script does first: send its log and its failure to the rule's `log:` file."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from rematch.engine import records
from rematch.engine.locks import count_as_working
from rematch.engine.records import Recorder, values
from rematch.errors import Formatter, UserError, say
from rematch.storage import refusal, remove_leftovers

_recorders: list[Recorder] = []


def made_by() -> str:
    """The `records.lineage` of this job, for files that carry it."""
    return _recorders[-1].made_by


def record(path: str | os.PathLike[str]) -> None:
    """Keep a record of a file that this job keeps for later ones, and that is no output."""
    _recorders[-1].record(str(path))


def planned(snakemake: Any) -> dict[str, str]:
    """The `records.lineage` that the plan asks for of this job's inputs, by path.

    Where the plan holds this job alone, those that the inputs' records name.
    """
    known = {path: records.read(path) for path in map(str, snakemake.input)}
    found = {path: made.made_by for path, made in known.items() if made is not None}
    found.update(snakemake.config.get("made_by", {}))
    return found


def start(snakemake: Any) -> logging.Logger:
    """Log to the rule's log file from here on, uncaught exceptions included.

    A `UserError` is logged as its one line, and so is a disk that is full or cannot be written to;
    anything else with its traceback. Without this a failing script leaves an empty log. What goes
    wrong and does not fit into the log, is said on standard error.

    Standard input is empty from here on: no library may ask a question of whoever, or whatever,
    feeds it.

    What a killed job left beside this one's outputs is removed: Snakemake's lock sees to it that
    nobody else makes them. At its end, if nothing failed, the job keeps a record of what it made
    and by what.
    """
    _without_input()
    failed = _log_to(str(snakemake.log[0]), snakemake)
    count_as_working(Path(".snakemake"))
    for output in snakemake.output:
        remove_leftovers(output)
    params = values(snakemake.params.items())
    files = (snakemake.input, snakemake.output, snakemake.log)
    recorder = Recorder(snakemake.rule, params, *files)
    _recorders.append(recorder)

    def finish() -> None:
        if failed:
            return
        try:
            recorder.finish()
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            with suppress(OSError):
                logging.shutdown()
            os._exit(1)  # nothing else makes a process fail that is at its end

    atexit.register(finish)
    # matplotlib's list of fonts, which it would keep, and lock, in the home that a cluster shares.
    fonts = os.path.join(tempfile.gettempdir(), f"matplotlib-{os.getuid()}")
    os.environ.setdefault("MPLCONFIGDIR", fonts)
    return logging.getLogger(str(snakemake.rule))


def _log_to(path: str, snakemake: Any) -> list[bool]:
    """Send the log and what fails to a file; what this returns holds True once a job has failed."""
    root = logging.getLogger()
    root.handlers[:] = []
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    opened: list[_Log] = []
    failed: list[bool] = []

    def hook(
        kind: type[BaseException], value: BaseException, traceback: TracebackType | None
    ) -> None:
        failed.append(True)
        said = value if isinstance(value, UserError) else None
        if isinstance(value, OSError):
            said = refusal(value, snakemake.output[0])
        for handler in opened:
            if said is not None:
                for line in str(said).split("\n"):
                    root.error("%s", line)
            else:
                root.error("uncaught exception", exc_info=(kind, value, traceback))
            if handler.whole:
                return
        if said is not None:
            say(f"{snakemake.rule}: {said}", sys.stderr)
        else:
            sys.__excepthook__(kind, value, traceback)

    sys.excepthook = hook
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    opened.append(_Log(path, mode="w", encoding="utf-8"))
    opened[0].setFormatter(Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    root.handlers[:] = opened
    return failed


def _without_input() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if nothing != 0:
        os.close(nothing)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (a descriptor)


class _Log(logging.FileHandler):
    """A log file that bears a full disk: what does not fit is lost, and the job goes on."""

    whole = True

    def handleError(self, record: logging.LogRecord) -> None:
        self.whole = False
