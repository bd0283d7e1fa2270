"""What a person sees of a run: the plan in a line, one line that moves, and what went wrong.

It takes the events of Snakemake's logger interface as data. In a terminal the moving line is
written over itself; elsewhere a plain line is added every so often.
"""

from __future__ import annotations

import logging
import re
import shlex
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from rematch.engine.durations import lasting, measured, together
from rematch.errors import printable, say

EVERY_S = 10.0
"""Seconds between two lines where nothing moves."""

TAIL = 12
"""Lines of a failed job's log that are shown."""

UNCOUNTED = ("total", "all")

_PROGRESS = re.compile(r" INFO (.+: \d+ of \d+ .+)$")
"""A line of `storage.progress` in a rule's log."""

NEITHER = re.compile(
    r"Complete log|At least one job did not|Shutting down|Exiting because a job"
    r"|WorkflowError:\s+At least one job did not|Cannot restore .*: no backup found"
    r"|(RuleException:\s+)?CalledProcessError in "
)
"""How Snakemake's lines begin that say what this screen has said better."""


screens: list[Screen] = []
"""Of this process, for whoever started Snakemake in it: they know what was planned and done."""


class Screen:
    """The screen of one run.

    Args:
        stream: where it is written.
        moves: whether the line may be written over; by default, if the stream is a terminal.
        width: columns; by default the terminal's.
        clock: seconds, as `time.monotonic`.
        files: of configuration, as a command that runs a job alone has to name them.
    """

    def __init__(
        self,
        stream: TextIO,
        moves: bool | None = None,
        width: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        files: Sequence[str] = (),
    ) -> None:
        self.stream, self.clock = stream, clock
        self.moves = stream.isatty() if moves is None else moves
        self.width = width or (shutil.get_terminal_size().columns if self.moves else 100)
        self.files = shlex.join(["--configfile", *files]) + " " if files else ""
        self.took = measured()
        self.left: Counter[str] = Counter()
        self.running: dict[int, tuple[str, str, float, list[str]]] = {}
        self.done = self.total = 0
        self.shown = self.started = clock()
        self.moving = self.ended = False

    def take(self, event: str, level: int, said: Mapping[str, Any]) -> None:
        """One record of Snakemake's log.

        Args:
            event: of `LogEvent`; "" for a plain line.
            level: of `logging`.
            said: its fields.
        """
        if event == "run_info":
            self.plan(said["stats"])
        elif event == "job_info":
            what = said["rule_msg"] or said["rule_name"]
            self.running[said["jobid"]] = (
                *(said["rule_name"], str(what), self.clock()),
                [str(path) for path in said["log"]],
            )
            self.show()
        elif event == "job_finished":
            self.finish(said.get("job_id", said.get("jobid")))
        elif event == "progress":
            self.done, self.total = said["done"], said["total"]
            self.show(last=self.done == self.total)
        elif event in ("job_error", "group_error"):
            for failed in said.get("job_error_info", [said]):
                self.fail(failed)
        elif level >= logging.WARNING:
            text = str(said.get("msg") or said.get("message") or "").strip()
            if text and not NEITHER.match(text):
                self.tell(text)

    def plan(self, stats: Mapping[str, Any]) -> None:
        """How many jobs there are, of what, and about how long they take."""
        counts = {rule: int(n) for rule, n in stats.items() if rule not in UNCOUNTED}
        self.left = Counter(counts)
        self.total = sum(counts.values()) + int(stats.get("all", 0))
        jobs = sum(counts.values())
        seconds = together(counts, self.took)
        about = f", about {lasting(seconds)} of work" if seconds is not None else ""
        named = [f"{n:,} {rule}" for rule, n in sorted(counts.items(), key=lambda it: -it[1])]
        line = f"{jobs:,} job{'s' * (jobs != 1)}: "
        while len(named) > 1 and len(line + ", ".join(named) + about) + 3 > self.width:
            named = [*named[:-2], "…"] if named[-1] == "…" else [*named[:-1], "…"]
        self.tell(line + ", ".join(named) + about)

    def finish(self, job: Any) -> None:
        rule, _, since, _ = self.running.pop(job, ("", "", 0.0, []))
        if rule:
            self.took.setdefault(rule, self.clock() - since)
            self.left[rule] -= 1

    def fail(self, said: Mapping[str, Any]) -> None:
        """A job's own last lines, and the command that runs it alone."""
        _, what, _, _ = self.running.pop(said.get("jobid", -1), ("", said["rule_name"], 0.0, []))
        logs = [str(path).split(" (")[0] for path in said.get("log") or []]
        self.tell(f"failed: {what}")
        for log in logs:
            with suppress(OSError, ValueError):
                for line in Path(log).read_text("utf-8").splitlines()[-TAIL:]:
                    self.tell(f"  {line}", whole=True)
        for log in logs:
            self.tell(f"  its log: {log}", whole=True)
        outputs = [str(path).split(" (")[0] for path in said.get("output") or []]
        if outputs:
            command = f".venv/bin/snakemake --cores 1 {self.files}-- {shlex.quote(outputs[0])}"
            self.tell(f"  to run it alone: {command}", whole=True)

    def show(self, last: bool = False) -> None:
        """The line that moves, or a plain one when it is time."""
        now = self.clock()
        if (
            not self.total
            or self.ended
            or (not self.moves and not last and now - self.shown < EVERY_S)
        ):
            return
        self.shown, self.ended = now, last
        share = self.done / self.total
        line = f"{self.done:,}/{self.total:,} jobs"
        if self.moves:
            full = round(share * 20)
            line = f"[{'#' * full}{'.' * (20 - full)}] {line}"
        seconds = together(self.left, self.took)
        if last:
            line += f" in {lasting(now - self.started)}"
        elif seconds is not None and seconds >= 10:
            line += f", about {lasting(seconds)} of work left"
        if self.running and not last:
            _, what, _, logs = min(self.running.values(), key=lambda job: job[2])
            line += f" · {_come_to(logs) or what}"
        if self.moves and not last:
            self.clear()
            self.stream.write(_fitting(printable(line), self.width - 1))
            self.stream.flush()
            self.moving = True
        else:
            self.tell(line)

    def tell(self, text: str, whole: bool = False) -> None:
        """Lines that stay; not longer than the terminal is wide, but for what is to be copied."""
        self.clear()
        for line in text.splitlines():
            say(line if whole or not self.moves else _fitting(line, self.width), self.stream)
        self.stream.flush()

    def clear(self) -> None:
        if self.moving:
            self.stream.write("\r\x1b[2K")
            self.moving = False


def _come_to(logs: list[str]) -> str:
    """The last line of progress that a job has written to its log; "" if there is none yet."""
    for log in logs:
        with suppress(OSError, ValueError):
            lines = Path(log).read_text("utf-8").splitlines()
            found = _PROGRESS.search(lines[-1]) if lines else None
            if found:
                return found[1]
    return ""


def _fitting(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
