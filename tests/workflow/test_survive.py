"""What a run survives: kill -9, a full disk, files that are damaged or may not be written.

Each time there is one clear line, nothing half-written under a final name, and once the cause is
mended a plain `snakemake` gives the same bytes as a run that nothing disturbed. `make soak` kills
the demo at fifty moments more.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import yaml

from tests.workflow.conftest import Project
from tests.workflow.edits import different
from tests.workflow.hostile import PHOTOS


def copied(hostile: Project, tmp_path: Path, *without: str) -> Project:
    """The finished project, or what of it is left without some folders."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder).relative_to(hostile.folder)
        return {name for name in names if str(here / name) in without}

    shutil.copytree(hostile.folder, tmp_path / "project", symlinks=True, ignore=ignored)
    return Project(tmp_path / "project", hostile.config)


def start(project: Project, output: IO[str] | int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Snakemake under way, in a process group of its own."""
    (project.folder / "my.yaml").write_text(yaml.safe_dump(project.config), "utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--configfile", "my.yaml", "--cores", "2"],
        cwd=project.folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def half_written(project: Project, hostile: Project) -> list[str]:
    """Results under their final names that are not those of the undisturbed run."""
    return [
        name
        for name in different(project, hostile)
        # Hidden are vectors kept for other runs, of which there may be fewer as yet.
        if not name.endswith(" is missing") and not Path(name).name.startswith(".")
    ]


def leftovers(project: Project) -> list[Path]:
    return [path for path in project.folder.rglob("*.part") if ".snakemake" not in path.parts]


def test_the_undisturbed_run_is_like_any_other(hostile: Project) -> None:
    assert different(hostile, hostile) == [] and leftovers(hostile) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_run_goes_on_without_a_question(
    seed: int, hostile: Project, tmp_path: Path
) -> None:
    project = copied(hostile, tmp_path, "results", ".snakemake")
    chance = random.Random(seed)
    steps, wait = chance.randrange(12), chance.uniform(0, 1)
    process = start(project)
    assert process.stdout is not None
    for line in process.stdout:
        steps -= line.startswith("Finished jobid: ")
        if steps <= 0 and line.startswith(("Finished jobid: ", "Select jobs")):
            break
    time.sleep(wait)
    if seed == 1:
        said = project.snakemake(ok=False)
        assert "Directory cannot be locked" in said and "Traceback" not in said
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was over before the kill"
    assert half_written(project, hostile) == []

    said = project.snakemake()
    assert "a killed run left its lock; it is removed" in said
    assert "rerun-incomplete" not in said and "Error" not in said
    assert different(project, hostile) == [] and leftovers(project) == []
    assert project.planned() == {}


@contextmanager
def mounted(*command: str, at: Path) -> Iterator[None]:
    """Something mounted at a folder; skips the test where that is not permitted."""
    done = subprocess.run(["mount", *command, at], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no mounting here ({done.stderr.strip()}); run as root, in no container")
    try:
        yield
    finally:
        subprocess.run(["umount", at], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount; run on Linux")
def test_a_full_disk_is_one_line_and_space_lets_the_run_go_on(
    hostile: Project, tmp_path: Path
) -> None:
    project = copied(hostile, tmp_path, "results", ".snakemake")
    files = [path for path in (hostile.folder / "results").rglob("*") if path.is_file()]
    pages = sum(-(-path.stat().st_size // 4096) for path in files)
    results = project.folder / "results"
    results.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={pages // 2 * 4}k", "tmpfs", at=results):
        said = project.snakemake(ok=False)
        full = [line for line in said.splitlines() if "No space left on device" in line]
        assert full and "Traceback" not in said and "Logging error" not in said, said
        for line in full:
            assert re.search(r"results/[\w/.]+: No space left on device; free some space and", line)
        assert half_written(project, hostile) == [] and leftovers(project) == []
        remount(results, "size=64m")
        project.snakemake()
        assert different(project, hostile) == []


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount; run on Linux")
def test_read_only_results_are_one_line(hostile: Project, tmp_path: Path) -> None:
    project = copied(hostile, tmp_path)
    results = project.folder / "results"
    line = "results/: cannot be written; make it writable"
    for gone in ("my/tiny_/table.csv", "my/tiny_/plots", "my/setup.html"):
        path = results / gone
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with mounted("--bind", str(results), at=results):
        remount(results, "ro,bind")
        said = project.snakemake(ok=False)
        assert said.count(line) == 1 and "Traceback" not in said
        assert half_written(project, hostile) == []
    assert line not in project.snakemake()
    assert different(project, hostile) == []


def test_a_photo_that_is_damaged_half_way_is_one_line(hostile: Project, tmp_path: Path) -> None:
    project = copied(hostile, tmp_path, "results", ".snakemake")
    photo = project.folder / PHOTOS / "photo3.png"
    whole = photo.read_bytes()
    process = start(project)
    while not (project.folder / "results/tiny_/corpus/images.parquet").is_file():
        assert process.poll() is None
        time.sleep(0.01)
    # The rule that encodes photos takes a second at least to import torch.
    photo.write_bytes(whole[: len(whole) // 2])
    said = process.communicate()[0]
    assert process.returncode == 1
    assert (
        len(re.findall(r"ERROR data/photos.*/photo3.png: photo unreadable: .*; replace", said)) == 1
    )
    assert "Traceback" not in said and half_written(project, hostile) == []
    photo.write_bytes(whole)
    project.snakemake("results/tiny_/embeddings/tiny/images.arrow")
    assert half_written(project, hostile) == []


def test_a_truncated_checkpoint_is_one_line(hostile: Project, tmp_path: Path) -> None:
    project = copied(hostile, tmp_path)
    checkpoint = project.folder / "data/tiny.pt"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    said = project.snakemake(ok=False)
    lines = [line for line in said.splitlines() if "ERROR" in line]
    assert lines and all("data/tiny.pt: clip.load cannot read" in line for line in lines), said
    assert "Traceback" not in said
    assert half_written(project, hostile) == []
    checkpoint.write_bytes(whole)
    project.snakemake()
    assert different(project, hostile) == []


def test_what_was_damaged_or_edited_is_made_again_and_named(
    hostile: Project, tmp_path: Path
) -> None:
    project = copied(hostile, tmp_path)
    run = next(project.folder.glob("results/tiny_/runs/memory*")).name
    damages: dict[str, Callable[[bytes], bytes]] = {
        "text/memory/paper/w3.parquet": lambda data: data[:-20],
        "corpus/qrels.parquet": lambda data: b"",
        "text/memory/paper/changes.parquet": lambda data: b"PAR1" + data[4:60],
        f"runs/{run}/similarity.arrow": lambda data: data[:-900] + b"?" + data[-899:],
        "../my/tiny_/table.csv": lambda data: data.replace(b"0.", b"0.9", 1),
        "../my/tiny_/table.md": lambda data: b"",
    }
    for name, damage in damages.items():
        path = project.folder / "results/tiny_" / name
        before = path.stat()
        path.write_bytes(damage(path.read_bytes()))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    said = project.snakemake()
    (line,) = [line for line in said.splitlines() if line.startswith("made again: ")]
    assert line.endswith(" and 4 more: damaged, or edited by hand, since it was made")
    assert different(project, hostile) == []
    assert project.planned() == {}
