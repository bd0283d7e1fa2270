"""Runs on a Slurm cluster that outlive the Snakemake that started them.

When Snakemake is killed, its jobs go on, in the queue and on the nodes. The next Snakemake would
send them once more: two jobs would write the same files. So it waits for them first, and what they
made counts as made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rematch.errors import UserError


def jobs_of(folder: str | os.PathLike[str]) -> list[str]:
    """Ids of the jobs, queued or running, that a Snakemake sent to Slurm from this folder.

    None where there is no Slurm. They are told by the comments that the executor gives its jobs,
    `rule_...` and `group_...`.

    Raises:
        UserError: Slurm does not answer.
    """
    if shutil.which("squeue") is None:
        return []
    command = ["squeue", "--me", "--noheader", "--format=%A|%k|%Z"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if asked.returncode != 0:
        raise UserError(f"squeue: {asked.stderr.strip()}; try again when Slurm answers")
    here = Path(folder).resolve()
    found = []
    for line in asked.stdout.splitlines():
        job, comment, workdir = line.split("|", 2)
        if comment.startswith(("rule_", "group_")) and Path(workdir).resolve() == here:
            found.append(job)
    return sorted(found, key=int)


def wait_for_jobs(folder: str | os.PathLike[str], seconds: float = 10.0) -> None:
    """Wait until no job of an earlier run in this folder is left, looking every `seconds`.

    Raises:
        UserError: Slurm does not answer, or the user does not wait.
    """
    said = False
    try:
        while jobs := jobs_of(folder):
            if not said:
                print(
                    f"waiting for {len(jobs)} jobs of an earlier run; to do without what they "
                    f"make: scancel {' '.join(jobs)}",
                    file=sys.stderr,
                    flush=True,
                )
                said = True
            time.sleep(seconds)
    except KeyboardInterrupt:
        raise UserError("no longer waiting; the jobs go on") from None


def record_on_node() -> None:
    """Let a job's own Snakemake record what it made its files from.

    Snakemake (9.27) leaves this to the process that sent the job. If that one is killed, the files
    have no record, and a later change of the config would not be noticed. Its setting
    `immediate_submit` means that nobody waits for a job, and a job then keeps the record itself.
    """
    from snakemake.persistence import PersistenceBase

    finished = PersistenceBase.finished

    async def recorded(self: Any, job: Any) -> None:
        settings = self.dag.workflow.remote_execution_settings
        settings.immediate_submit = True
        try:
            await finished(self, job)
        finally:
            settings.immediate_submit = False

    PersistenceBase.finished = recorded
