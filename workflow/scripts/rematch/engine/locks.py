"""Locks of runs that were killed: told apart from those of runs that are still alive.

Snakemake locks a working folder with files in `.snakemake/locks`, which a killed run leaves there,
and then wants `--unlock` by hand. Here every run also holds a shared lock of the kernel's (flock)
on one file, which ends with its process however that ends. A run that can have the file to itself
is alone, so Snakemake's locks are a dead run's. Jobs hold another such lock: where Snakemake alone
was killed, they work on, and would write over what the next run makes.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

RUNS, JOBS = "alive", "working"

_held: list[int] = []  # file descriptors: the kernel lets go of a lock when its file is closed


def remove_stale(state: Path, wait: Callable[[], None] | None) -> bool:
    """Remove Snakemake's locks if the run that made them is dead, and count as alive from here on.

    To be called by a run before it looks at these locks itself. Locks stay if another run is
    alive, if they were made on another machine (a shared file system may keep flock to each
    machine), and if the file system knows no flock: Snakemake then decides, as ever.

    Args:
        state: Snakemake's folder, `.snakemake`.
        wait: called before waiting for jobs that a dead run has left working; without it the
            locks stay as long as these work.

    Returns:
        Whether locks were removed.
    """
    here = socket.gethostname().encode()
    stale: list[Path] = []
    try:
        state.mkdir(exist_ok=True)
        file = _opened(state / RUNS)
        if _had(file):
            locks = list((state / "locks").glob("*.lock"))
            if os.pread(file, 256, 0) == here:
                stale = locks if locks and _idle(state / JOBS, wait) else []
                for lock in stale:
                    lock.unlink()
            elif not locks:
                os.ftruncate(file, 0)
                os.pwrite(file, here, 0)
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError as error:
        log.debug("no stale locks looked for: %s", error)
    return bool(stale)


def count_as_working(state: Path) -> None:
    """Say that a job is at work, until this process ends."""
    if state.is_dir():
        try:
            fcntl.flock(_opened(state / JOBS), fcntl.LOCK_SH)
        except OSError as error:
            log.debug("not counted as working: %s", error)


def _opened(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o664)
    _held.append(file)
    return file


def _had(file: int) -> bool:
    """Have the file alone, if nobody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _idle(path: Path, wait: Callable[[], None] | None) -> bool:
    """Whether no job works any more, in the end."""
    file = _opened(path)
    try:
        if _had(file):
            return True
        if wait is not None:
            wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        return wait is not None
    finally:
        _held.remove(file)
        os.close(file)
