"""The Makefile: which Python it takes, and files of configuration whatever their names hold."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FAKE = """#!{python}
# Says that it is Python {version}, makes environments of its like, and notes what it installs.
import shutil, sys
version = "{version}"
sys.version_info = (*map(int, version.split(".")), "final", 0)
sys.version = version + " (main)"
kind, *rest = sys.argv[1:]
if kind in ("-c", "-Ic"):
    exec(rest[0].replace("import pip", "import sys"))
elif rest[0] == "pip" or kind == "-m" and rest[0] == "venv":
    with open("did", "a") as log:
        print(version, *rest, file=log)
    if rest[0] == "venv":
        import os
        os.makedirs(rest[1] + "/bin")
        shutil.copy(__file__, rest[1] + "/bin/python")
"""

TELLING = """
if kind == "-m" and rest[0].startswith("rematch."):
    with open("ran", "a") as log:
        print(*rest, sep="\\n", file=log)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements.lock", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def python(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FAKE.format(python=sys.executable, version=version))
    path.chmod(0o755)
    return path


def make(folder: Path, *arguments: str) -> tuple[int, list[str], list[str]]:
    """Exit status, what was said, and what the fake Pythons installed."""
    # What a make that runs these tests was told is not for this one.
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "CONFIG", "REMOVE")
    env = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        ["make", "--silent", *arguments],
        cwd=folder,
        env=env | {"PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}", "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=20,
    )
    did = folder / "did"
    return (
        done.returncode,
        [line for line in done.stdout.splitlines() if not line.startswith("make")],
        did.read_text().splitlines() if did.exists() else [],
    )


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0", "2.7.18"])
def test_a_python_that_does_not_suit_is_named_first(folder: Path, version: str) -> None:
    python(folder.parent / "bin/python3", version)
    code, said, did = make(folder, ".venv/run.stamp")
    assert code and did == [] and not (folder / ".venv").exists()
    assert said == [
        f"python3 is Python {version}: one of Python 3.11 3.12 3.13 is needed; "
        "name yours with make PYTHON=python3.11"
    ]
    code, said, did = make(folder, ".venv/run.stamp", "PYTHON=python3-none")
    assert code and said[0].startswith("python3-none is not there: one of Python 3.11") and not did


def test_the_readme_names_the_pythons() -> None:
    makefile, readme = ((ROOT / name).read_text("utf-8") for name in ("Makefile", "README.md"))
    first, second, third = re.findall(r"^PYTHONS := (.*)$", makefile, re.M)[0].split()
    assert f"Python {first}, {second} or {third}" in readme
    assert f'requires-python = ">={first}"' in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("there", ["none", "3.10.13", "broken", "without pip"])
def test_an_environment_that_does_not_serve_is_made_anew(folder: Path, there: str) -> None:
    python(folder.parent / "bin/python3", "3.10.13")
    own = python(folder.parent / "own/python", "3.13.0")
    here = folder / ".venv/bin/python"
    if there != "none":
        python(here, "3.12.0" if there == "without pip" else "3.10.13")
        (folder / ".venv/old").touch()
        (folder / ".venv/run.stamp").touch()
    if there == "broken":
        here.unlink()
        here.symlink_to("/nowhere/python3.11")
    if there == "without pip":
        here.write_text(
            here.read_text().replace('"import pip", "import sys"', '"import pip", "import no"')
        )
    code, said, did = make(folder, ".venv/run.stamp", f"PYTHON={own}")
    assert code == 0 and said == ["setting up .venv: about 1.9 GB and 2 minutes, once"]
    assert did[0] == "3.13.0 venv .venv" and "pip install" in did[1] and "torch==" in did[2]
    assert not (folder / ".venv/old").exists()
    # And then it serves, whatever python3 is.
    assert make(folder, ".venv/run.stamp") == (0, [], did)
    assert make(folder, ".venv/run.stamp", "PYTHON=python3-none") == (0, [], did)


@pytest.mark.parametrize(
    ("config", "files"),
    [
        ("", []),
        ("my.yaml", ["my.yaml"]),
        ("my 1st config's $HOME.yaml", ["my 1st config's $HOME.yaml"]),
        ('a "b" `c`;&*#.yaml', ['a "b" `c`;&*#.yaml']),
        ("a.yaml b.yaml", ["a.yaml", "b.yaml"]),
        ("not-there.yaml", ["not-there.yaml"]),
        ("~/my own.yaml", ["HOME/my own.yaml"]),
        ("~/a.yaml ~/b.yaml", ["HOME/a.yaml", "HOME/b.yaml"]),
    ],
)
@pytest.mark.parametrize("target", ["run", "why", "verify", "clean-stale"])
def test_a_configs_name_may_hold_anything(
    folder: Path, config: str, files: list[str], target: str
) -> None:
    files = [file.replace("HOME/", f"{folder}/") for file in files if "$HOME" not in file] or files
    if len(files) == 1 and config != "not-there.yaml":
        (folder / files[0]).touch()
    python(folder.parent / "bin/python3", "3.10.13")  # so that nothing is ever installed
    here = python(folder / ".venv/bin/python", "3.11.7")
    here.write_text(here.read_text() + TELLING)
    (folder / ".venv/run.stamp").touch()
    code, said, _ = make(folder, target, f"CONFIG={config}", "CORES=1")
    assert code == 0, said
    ran = (folder / "ran").read_text().splitlines()
    named = ran[ran.index("--configfile") + 1 :] if files else []
    assert named == files and ("--configfile" in ran) is bool(files)
    if target == "run":  # looked at first
        assert ran[: 2 + len(files)] == ["rematch.config.plain", "config/config.yaml", *files]


def test_every_goal_for_users_is_in_the_help(folder: Path) -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    named = {goal for line in told for goal in re.findall(r"make ([a-z-]+)", line)}
    phony = re.findall(r"^\.PHONY: (.*)$", (folder / "Makefile").read_text("utf-8"), re.M)
    assert named == set(" ".join(phony).split()) - {"help", "new-venv"}
    assert all(len(line) <= 100 for line in told)


def test_a_new_configuration_needs_a_name_and_tables(folder: Path) -> None:
    own = python(folder.parent / "own/python", "3.13.0")
    code, said, _ = make(folder, "new", "NAME=mine", f"PYTHON={own}")
    assert code != 0 and any("make new NAME=mine DATA=" in line for line in said)
