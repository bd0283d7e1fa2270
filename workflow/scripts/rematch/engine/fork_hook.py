"""Where Snakemake 9.27 starts a script, of which `workers` make a forked job."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from rematch.engine import workers


def fork_jobs() -> None:
    """Have scripts run by `workers`, where nothing asks for another interpreter than this one.

    Another Snakemake than the one that is known here starts them all as it does.
    """
    from snakemake import __version__
    from snakemake.script import PythonScript

    if not __version__.startswith("9.27."):
        return

    ordinary = getattr(PythonScript.execute_script, "ours", PythonScript.execute_script)

    def execute_script(self: Any, fname: str, edit: bool = False) -> None:
        another = self.conda_env or self.container_img or self.env_modules or self.shadow_dir
        another = another or type(self) is not PythonScript
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

    try:
        if record is None:
            return child.wait()
        with benchmarked(child.pid, record):
            return child.wait()
    finally:
        child.forget()
