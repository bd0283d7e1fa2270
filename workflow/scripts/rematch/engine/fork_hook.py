"""Where Snakemake 9.27 starts a script, of which `workers` make a forked job."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rematch.engine import workers


def fork_jobs(scripts: Path) -> None:
    """Have scripts run by `workers`, where nothing asks for another interpreter than this one.

    Another Snakemake than the one that is known here starts them all as it does. So do all once a
    module was edited: the server has it as it was, or as it was for a moment, and a job is to run
    what its record says.

    Args:
        scripts: the folder of the project's scripts and modules.
    """
    from snakemake import __version__
    from snakemake.script import PythonScript

    if not __version__.startswith("9.27."):
        return

    modules = [*map(str, scripts.rglob("*.py"))]
    planned = written(modules)
    ordinary = getattr(PythonScript.execute_script, "ours", PythonScript.execute_script)

    def execute_script(self: Any, fname: str, edit: bool = False) -> None:
        another = self.conda_env or self.container_img or self.env_modules or self.shadow_dir
        another = another or type(self) is not PythonScript or written(modules) != planned
        if edit or another or shell_is_changed(self.resources) or not workers.usable():
            ordinary(self, fname, edit)
            return
        try:
            child = workers.start(fname, environment_of(self))
        except (workers.Lost, OSError):
            ordinary(self, fname, edit)
            return
        command = f"{sys.executable} {fname}"
        try:
            code = measured(child, self.bench_record)
        except workers.Lost as error:
            raise subprocess.CalledProcessError(1, command) from error
        if code:
            raise subprocess.CalledProcessError(code, command)

    execute_script.ours = ordinary  # type: ignore[attr-defined]
    PythonScript.execute_script = execute_script


def written(files: Sequence[str]) -> list[int | None]:
    """When each file was written, in nanoseconds; None of one that is gone."""
    found: list[int | None] = []
    for file in files:
        try:
            found.append(os.stat(file).st_mtime_ns)
        except OSError:
            found.append(None)
    return found


def shell_is_changed(resources: Any) -> bool:
    """Whether somebody wants jobs to be started by a shell, or in a way, of their own."""
    from snakemake.shell import shell

    own = (shell._process_prefix, shell._process_suffix, resources.get("shell_exec"))
    return any(own)


def environment_of(script: Any) -> dict[str, str]:
    """The variables that Snakemake gives a job."""
    found = dict(os.environ) | dict.fromkeys(workers.THREADS, str(script.threads))
    folder = script.resources.get("tmpdir")
    return found | (dict.fromkeys(workers.TEMPORARY, str(folder)) if folder else {})


def measured(child: workers.Child, record: Any) -> int:
    """Wait for a job's end, and note what it took where Snakemake wants to know."""
    from snakemake.benchmark import benchmarked

    with nullcontext() if record is None else benchmarked(child.pid, record):
        code = child.wait()
    child.forget()
    return code
