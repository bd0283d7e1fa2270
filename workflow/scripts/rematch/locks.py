"""Locks of runs that were killed: told apart from those of runs that are still alive.

Snakemake locks a working folder with files in `.snakemake/locks`, which a killed run leaves there,
and then wants `--unlock` by hand. Here every run also holds a shared lock of the kernel's (flock)
on one file, which ends with its process however that ends. A run that can have the file to itself
is alone, so Snakemake's locks are a dead run's.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
from pathlib import Path

log = logging.getLogger(__name__)

_held: list[int] = []  # file descriptors: the kernel lets go of a lock when its file is closed


def remove_stale(state: Path) -> bool:
    """Remove Snakemake's locks if the run that made them is dead, and count as alive from here on.

    To be called by a run before it looks at these locks itself. Locks stay if another run is
    alive, if they were made on another machine (a shared file system may keep flock to each
    machine), and if the file system knows no flock: Snakemake then decides, as ever.

    Args:
        state: Snakemake's folder, `.snakemake`.

    Returns:
        Whether locks were removed.
    """
    here = socket.gethostname().encode()
    stale: list[Path] = []
    try:
        state.mkdir(exist_ok=True)
        file = os.open(state / "alive", os.O_RDWR | os.O_CREAT, 0o664)
        _held.append(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            locks = list((state / "locks").glob("*.lock"))
            if os.pread(file, 256, 0) == here:
                stale = locks
                for lock in stale:
                    lock.unlink()
            elif not locks:
                os.ftruncate(file, 0)
                os.pwrite(file, here, 0)
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError as error:
        log.debug("no stale locks looked for: %s", error)
    return bool(stale)
