"""What computes: this machine, its packages and the project's commit. Imports nothing heavy."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from rematch.engine.dag import ROOT


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of installed packages."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            # conda and OpenAI's git know some packages by another name.
            found[name] = "not installed under this name"
    return found


def environment(versions: Mapping[str, str]) -> dict[str, Any]:
    """This machine and what runs on it: packages, system, processor, cores, GPUs and commit.

    Args:
        versions: see `versions`.
    """
    return {
        "packages": dict(versions),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "gpus": _gpus(),
        "commit": commit(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return _said_by("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def _gpus() -> list[str]:
    """Names of the NVIDIA GPUs, from the driver: torch would take seconds to ask."""
    files = Path("/proc/driver/nvidia/gpus").glob("*/information")
    lines = [line for file in sorted(files) for line in file.read_text("utf-8").splitlines()]
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]


def commit() -> str | None:
    """The project's commit, with + if files differ from it; None if git does not know it."""
    top = _said_by("git", "-C", str(ROOT), "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != ROOT:
        return None
    changed = _said_by("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    head = _said_by("git", "-C", str(ROOT), "rev-parse", "HEAD")
    return f"{head}+" if head and changed else head


def _said_by(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def pinned(requirements: Path) -> list[str]:
    """Names of the packages that a file pins to a version."""
    lines = requirements.read_text("utf-8").splitlines()
    return [line.split("==")[0] for line in lines if "==" in line]
