"""The server of `workers`: it has imported what jobs share, and forks a child for each."""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import threading
import types
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy


def serve(number: int) -> None:
    """Be the server, until Snakemake closes the socket with this file number."""
    link = socket.socket(fileno=number)
    inherited = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that is for the jobs; Snakemake ends this
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    wake.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    share_imports()
    gc.collect()
    gc.freeze()  # what is there stays; its pages are shared with the jobs
    chosen = selectors.DefaultSelector()
    chosen.register(link, selectors.EVENT_READ)
    chosen.register(wake, selectors.EVENT_READ)
    rest = b""
    working: set[int] = set()
    while True:
        ready = {key.fileobj for key, _ in chosen.select()}
        if wake in ready:
            with suppress(BlockingIOError):
                wake.recv(4096)
            for pid in sorted(working):
                status = _ended(pid)
                if status is not None:
                    working.remove(pid)
                    _say(link, [pid, status])
        if link in ready:
            got = link.recv(1 << 16)
            if not got:
                return
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                asked = json.loads(line)
                if isinstance(asked, int):
                    os.waitpid(asked, 0)
                    continue
                child = _forked()
                if child == 0:
                    signal.signal(signal.SIGINT, inherited)
                    for each in (link, wake, waker):
                        each.close()
                    _be(*asked)
                if child is not None:
                    working.add(child)
                _say(link, [child or 0, None])


def share_imports() -> None:
    """Import what light jobs share. Nothing that starts a thread, and nothing that few need."""
    import pandas  # noqa: F401 (pyarrow does, at the first array)
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401
    import snakemake.script  # noqa: F401

    import rematch.corpus
    import rematch.embed
    import rematch.engine.jobs
    import rematch.evaluate
    import rematch.match
    import rematch.storage
    import rematch.text

    for room, names in (
        (rematch.storage, ("tables", "Similarity", "read_embeddings", "write_text")),
        (rematch.match, ("rank_both", "score", "blend", "submission")),
        (rematch.evaluate, ("judge",)),
        (rematch.corpus, ("tie_keys", "submission_ids")),
        (rematch.text, ("query_table", "sweep_queries")),
        (rematch.embed, ("ModelSpec", "kept", "load", "missing_texts", "text_embeddings")),
    ):
        for name in names:
            getattr(room, name)


def _forked() -> int | None:
    """As `os.fork`; None where there is no room for another process."""
    try:
        return os.fork()
    except OSError:
        return None


def _ended(pid: int) -> int | None:
    """A job's exit code, negative if a signal ended it; None while it works.

    Its process stays known to the system until `waitpid`: who measures it may come late.
    """
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


def _say(link: socket.socket, what: Any) -> None:
    with suppress(OSError):  # nobody listens any more
        link.sendall(json.dumps(what).encode() + b"\n")


def _be(script: str, environment: Mapping[str, str], folder: str) -> None:
    """Be the interpreter of one job, from its start to its end. Does not return."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None  # the job's own TMPDIR counts
        os.chdir(folder)
        sys.argv[:] = [script]
        sys.path.insert(0, str(Path(script).absolute().parent))
        numpy.random.seed()  # what was drawn by lot in the server would be the same in each job
        main = types.ModuleType("__main__")
        main.__file__ = script
        sys.modules["__main__"] = main
        code = _run(compile(Path(script).read_bytes(), script, "exec"), main)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        _end(code)


def _run(program: types.CodeType, main: types.ModuleType) -> int:
    """Run a script; the exit code that an interpreter would have."""
    try:
        exec(program, main.__dict__)
    except SystemExit as asked:
        if asked.code is None or isinstance(asked.code, int):
            return int(asked.code or 0)
        print(asked.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(code: int) -> None:
    """End as an interpreter does, without taking what is shared apart."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    finally:
        os._exit(code)
