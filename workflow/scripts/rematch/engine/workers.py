"""Jobs without the price of an interpreter: forked from a process that has imported what they use.

A light job computes for a tenth of a second and imports for half a one, so a sweep of many runs
spends its time in starting processes. Here one server is started at the first such job. It has
imported what light jobs share and computes nothing; for each job it forks a child, which runs the
script that Snakemake wrote as a fresh interpreter would, and ends as one.

Rules, scripts, logs, benchmarks and exit codes are what they were. Jobs with an environment of
their own or on a cluster are started in the ordinary way, and all are where a process cannot be
forked safely, or with REMATCH_WORKERS=0.

The server ends when Snakemake does, however that ends; jobs that are at work then go on to their
end, as they would otherwise.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

SWITCH = "REMATCH_WORKERS"

THREADS = tuple(
    f"{library}_THREADS"
    for library in (
        "OMP_NUM",
        "GOTO_NUM",
        "OPENBLAS_NUM",
        "MKL_NUM",
        "VECLIB_MAXIMUM",
        "NUMEXPR_NUM",
    )
)
"""Variables by which Snakemake tells a job how many threads libraries may use."""

TEMPORARY = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")
"""Variables by which it tells where temporary files go."""


class Lost(Exception):
    """The server is gone; a job may have been started or not."""


class Child:
    """A job's process."""

    def __init__(self, pid: int, forget: Callable[[int], None]) -> None:
        self.pid, self._forget = pid, forget
        self._file = os.pidfd_open(pid)  # it has not been reaped, so no other has its number
        self.ended = threading.Event()
        self.returncode: int | None = None

    def wait(self) -> int:
        """Wait for its end; its exit code, negative if a signal ended it.

        Raises:
            Lost: the server ended before. The job is killed then, so that none goes on unseen.
        """
        self.ended.wait()
        if self.returncode is None:
            self.kill()
            select.select([self._file], [], [])
            raise Lost
        return self.returncode

    def forget(self) -> None:
        """Let the system forget the process, which has ended: nobody measures it any more."""
        os.close(self._file)
        self._forget(self.pid)

    def kill(self) -> None:
        """End it, if it has not ended."""
        with suppress(ProcessLookupError):
            if self.returncode is None:
                signal.pidfd_send_signal(self._file, signal.SIGKILL)


def usable() -> bool:
    """Whether jobs can be forked here: a Linux whose kernel and Python know files of processes."""
    if sys.platform != "linux" or os.environ.get(SWITCH, "1") == "0":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return hasattr(signal, "pidfd_send_signal")


_server: list[Server] = []
_starting = threading.Lock()


def start(script: str, environment: Mapping[str, str]) -> Child:
    """Start a job, and the server before the first one, or where it is gone.

    Args:
        script: the file that Snakemake wrote for it.
        environment: all variables that it sees.

    Raises:
        Lost: it cannot be had.
    """
    with _starting:
        if not (_server and _server[-1].alive):
            _server.append(Server({**environment, **dict.fromkeys(THREADS, "1")}))
            atexit.register(_server[-1].close)
    return _server[-1].start(script, environment)


class Server:
    """The server as Snakemake's process sees it. Used by many threads at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _START,
                    str(Path(__file__).parents[2]),
                    str(theirs.fileno()),
                ],
                pass_fds=[theirs.fileno()],
                env=dict(environment),
            )
        self._socket, self._file = ours, ours.makefile("rb")
        self._lock = threading.Lock()
        self._waiting: list[tuple[threading.Event, list[Child]]] = []
        self._children: dict[int, Child] = {}
        self.alive = True
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, script: str, environment: Mapping[str, str]) -> Child:
        """Start a job.

        Args:
            script: the file that Snakemake wrote for it.
            environment: all variables that it sees.

        Raises:
            Lost: the server is gone.
        """
        line = json.dumps([script, dict(environment), os.getcwd()]).encode() + b"\n"
        begun, found = threading.Event(), list[Child]()
        with self._lock:
            if not self.alive:
                raise Lost
            self._waiting.append((begun, found))
            try:
                self._socket.sendall(line)
            except OSError:
                raise Lost from None
        begun.wait()
        if not found:
            raise Lost
        return found[0]

    def _let_go(self, pid: int) -> None:
        with self._lock, suppress(OSError):
            self._socket.sendall(b"%d\n" % pid)

    def close(self) -> None:
        """Let the server end. Jobs at work go on."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)

    def _listen(self) -> None:
        with suppress(OSError):
            for line in self._file:
                pid, status = json.loads(line)
                if status is None:
                    with self._lock:
                        begun, found = self._waiting.pop(0)
                    if pid:  # else it could not be forked
                        found.append(Child(pid, self._let_go))
                        self._children[pid] = found[0]
                    begun.set()
                else:
                    child = self._children.pop(pid)
                    child.returncode = status
                    child.ended.set()
        with self._lock:
            self.alive = False
            for begun, _ in self._waiting:
                begun.set()
        for child in self._children.values():
            child.ended.set()


_START = """\
import sys
sys.flags.safe_path or sys.path.pop(0)
sys.path.append(sys.argv[1])
from rematch.engine import forking
forking.serve(int(sys.argv[2]))
"""
