"""The image that the Dockerfile describes, and that it agrees with the rest of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/python:3.12-slim"


def builder() -> str | None:
    """A builder that answers and can get the base image; a client without its engine is none."""
    for name in ("docker", "podman", "buildah"):
        if shutil.which(name):
            got = subprocess.run([name, "pull", "-q", BASE], capture_output=True, timeout=300)
            if got.returncode == 0:
                return name
    return None


def test_the_image_has_a_python_that_the_lock_is_for() -> None:
    file = (ROOT / "Dockerfile").read_text("utf-8")
    (version,) = re.findall(r"^FROM python:(\d+\.\d+)-slim$", file, re.M)
    (pythons,) = re.findall(r"^PYTHONS := (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert version in pythons.split()
    for copied in re.findall(r"^COPY (.*) \./$", file, re.M):
        assert all((ROOT / name).is_file() for name in copied.split())


def test_the_image_is_built_and_plans_the_demo() -> None:
    name = builder()
    if name is None:
        pytest.skip("no builder of images is here, or it cannot get the base image")
    subprocess.run([name, "build", "-q", "-t", "rematch-test", str(ROOT)], check=True, timeout=1800)
    if name != "buildah":
        run = [name, "run", "--rm", "rematch-test", "--cores", "2", "--dry-run"]
        said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
        assert "demo_corpus" in said
