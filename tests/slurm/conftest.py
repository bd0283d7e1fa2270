"""A real Slurm of one node, for these tests alone: started here as root, and stopped after them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workflow.conftest import tiny_checkpoint

__all__ = ["tiny_checkpoint"]

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
CONF = Path("/etc/slurm/slurm.conf")
"""Where Slurm's programs look. The executor takes SLURM_CONF from their environment."""

OUTLIVES_NOBODY = ("setpriv", "--pdeathsig", "KILL")
"""A program started with this ends with these tests, also if these are killed."""

# No cgroups, so that it runs in a container. Memory is watched instead, every second: a job that
# holds more than it asked for is killed.
SETTINGS = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MinJobAge=3600
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
PartitionName=gpu Nodes=ALL State=UP
"""


@dataclass(frozen=True)
class SlurmJob:
    """What Slurm knows of a job: `rule` is the executor's comment, `memory` in MB."""

    id: str
    state: str
    rule: str
    memory: int
    minutes: int
    partition: str
    gpus: str


class Slurm:
    """The daemons, and what they say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self) -> None:
        host = socket.gethostname().split(".")[0]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10
        settings = SETTINGS.format(
            folder=self.folder, host=host, ports=_ports(2), cpus=os.cpu_count(), memory=memory
        )
        (self.folder / "slurm.conf").write_text(settings, "utf-8")
        # A GPU in name only.
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\n", "utf-8")
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        CONF.parent.mkdir(exist_ok=True)
        CONF.unlink(missing_ok=True)
        CONF.symlink_to(self.folder / "slurm.conf")
        munge = {"key-file": key, "socket": self.folder / "munge.socket"}
        munge |= {f"{name}-file": self.folder / f"munged.{name}" for name in ("pid", "log", "seed")}
        self._run(["munged", "-F", "--force", *(f"--{k}={path}" for k, path in munge.items())])
        until(lambda: (self.folder / "munge.socket").exists(), 20)
        self._run(["slurmctld", "-D", "-c"])
        self._run(["slurmd", "-D", "-c"])
        until(lambda: "idle" in _said("sinfo", "--noheader", "--format=%T"), 30)

    def stop(self) -> None:
        _said("scancel", "--me")
        until(lambda: not _said("squeue", "--me", "--noheader"), 40)
        for _, daemon in reversed(self._daemons):
            daemon.terminate()
        for _, daemon in reversed(self._daemons):
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
        if CONF.is_symlink():
            CONF.unlink()

    def logs(self) -> str:
        return "\n".join(
            f"{name}: {(self.folder / f'{name}.out').read_text('utf-8', 'replace')[-2000:]}"
            for name, _ in self._daemons
        )

    def jobs(self, folder: Path) -> list[SlurmJob]:
        """The jobs that were sent from a folder, in the order in which they were."""
        found = []
        for line in _said("scontrol", "--oneliner", "show", "jobs").splitlines():
            job = dict(part.split("=", 1) for part in line.split() if "=" in part)
            if job.get("WorkDir") != str(folder):
                continue
            hours, minutes, _ = job["TimeLimit"].split("-")[-1].split(":")
            size = job["MinMemoryNode"]
            found.append(
                SlurmJob(
                    id=job["JobId"],
                    state=job["JobState"],
                    rule=job["Comment"],
                    memory=int(float(size[:-1]) * (1024 if size[-1] == "G" else 1)),
                    minutes=60 * int(hours) + int(minutes),
                    partition=job["Partition"],
                    gpus=job.get("TresPerJob", ""),
                )
            )
        return sorted(found, key=lambda job: int(job.id))

    def _run(self, command: list[str]) -> None:
        with (self.folder / f"{command[0]}.out").open("wb") as out:
            daemon = subprocess.Popen(
                [*OUTLIVES_NOBODY, *command],
                # Of the file's own folder, where gres.conf is, not of the link's.
                env={**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self._daemons.append((command[0], daemon))


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if reason := _unavailable():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("slurm")
    folder.chmod(0o755)
    # Stopped from outside, these tests still stop what they started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cluster = Slurm(folder)
    try:
        cluster.start()
        yield cluster
    except TimeoutError:
        pytest.fail(f"Slurm did not start:\n{cluster.logs()}")
    finally:
        cluster.stop()


def _unavailable() -> str | None:
    """Why there can be no Slurm here, after trying to install it if SLURM_INSTALL is set."""
    if os.geteuid() != 0:
        return "a Slurm for the tests is started as root, and this is another user"
    if CONF.exists() and not _left_behind():
        return f"{CONF}: this machine has a Slurm of its own"
    if all(map(shutil.which, PROGRAMS)):
        return None
    missing = "slurm-wlm and munge are not installed"
    if not os.environ.get("SLURM_INSTALL"):
        return f"{missing}; `make test-cluster` tries to, with apt-get"
    if shutil.which("apt-get") is None:
        return f"{missing}, and there is no apt-get"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("update", "install -y --no-install-recommends slurm-wlm munge"):
        done = subprocess.run(
            ["apt-get", "-q", *command.split()], capture_output=True, text=True, env=environment
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            return f"slurm-wlm and munge cannot be installed: {said[-1] if said else command}"
    return None if all(map(shutil.which, PROGRAMS)) else missing


def _left_behind() -> bool:
    """Whether the configuration is that of earlier tests which were killed."""
    return CONF.is_symlink() and "ClusterName=tests" in CONF.read_text("utf-8")


def _ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def until(reached: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)
