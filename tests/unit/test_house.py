"""The house: rooms whose imports run downwards, and what may stand in them."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from rematch.rooms import handed_on
from tests.unit.house import HALL, ROOMS, ROOT, SCRIPTS, arrows, imports, modules, picture, room

MODULES = modules()
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"} - {"rematch"}
OUTSIDE = [
    *SCRIPTS.glob("*.py"),
    *(ROOT / "benchmarks").glob("*.py"),
    *(ROOT / "resources").rglob("*.py"),
]
TREES = {name: ast.parse(path.read_bytes()) for name, path in MODULES.items()}


def packages_of(module: str) -> set[str]:
    """The rooms and subrooms that a module is in, itself if it is one."""
    parts = module.split(".")
    return {".".join(parts[:n]) for n in range(1, len(parts) + 1)} & PACKAGES


def test_every_room_is_known() -> None:
    assert {path.name for path in HALL.iterdir() if (path / "__init__.py").is_file()} == {*ROOMS}
    assert len(list(HALL.glob("*.py"))) <= 6


def test_imports_run_downwards() -> None:
    upwards = [(a, b) for a, b in arrows() if ROOMS.index(b) > ROOMS.index(a)]
    assert upwards == []
    for module, path in MODULES.items():
        if not room(module):  # what stands in the hall carries all rooms
            assert [each for each in imports(path) if room(".".join(each))] == [], module


def test_nobody_imports_past_a_room() -> None:
    past = []
    users = [*MODULES.items(), *((str(path), path) for path in OUTSIDE)]
    for user, path in users:
        here = packages_of(user)
        for module, _ in imports(path):
            wanted = module if module in PACKAGES else module.rpartition(".")[0]
            inside = packages_of(wanted) - here
            # From a module of a room that the user is not in: the outermost such room has to do.
            if inside and module != min(inside, key=len):
                past.append(f"{user}: {module}")
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        found = re.findall(r"^\s*from (rematch\.[\w.]+) import", path.read_text("utf-8"), re.M)
        past += [f"{path.name}: {m}" for m in found if m.count(".") > 1]
    assert past == []


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_a_room_says_what_lives_there_and_hands_on_what_exists(name: str) -> None:
    path = MODULES[name]
    said = ast.get_docstring(TREES[name]) or ""
    assert said.endswith(".") and (name.count(".") > 1 or len(said.splitlines()) > 2)
    inside = {module for module in MODULES if module.rpartition(".")[0] == name}
    for handed, (source, there) in handed_on(path.read_bytes()).items():
        assert source == name or source in inside, f"{handed} comes from elsewhere"
        own = f"{name}.{handed}"
        assert own not in MODULES or (source, there) == (name, handed), f"{handed} hides a module"
        assert getattr(importlib.import_module(name), handed) is not None


def test_no_room_is_in_a_circle() -> None:
    below: dict[str, set[str]] = {each: set() for each in ROOMS}
    for upper, lower in arrows():
        below[upper].add(lower)
    while free := [each for each in below if not below[each]]:
        for each in free:
            del below[each]
        for left in below.values():
            left.difference_update(free)
    assert below == {}


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) in ("match", "evaluate")])
def test_matching_and_evaluation_know_data_alone(module: str) -> None:
    taken = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            taken |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            taken.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open"
    files = {"os", "pathlib", "io", "tempfile", "shutil", "subprocess", "yaml", "snakemake"}
    assert taken & files == set()
    rooms = {room(m) or m.split(".")[-1] for m, _ in imports(MODULES[module])} - {"rematch"}
    assert rooms <= {room(module), "errors", "forms", "methods", "rooms"}


@pytest.mark.parametrize("module", MODULES)
def test_modules_and_functions_are_short(module: str) -> None:
    assert len(MODULES[module].read_text("utf-8").splitlines()) <= 300
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert int(node.end_lineno or 0) - node.lineno < 60, node.name


def test_tests_mirror_the_rooms() -> None:
    there = {path.name for path in (ROOT / "tests/unit").iterdir() if path.is_dir()}
    assert there - {"__pycache__"} == {*ROOMS}
    for name in ROOMS:
        assert list((ROOT / "tests/unit" / name).rglob("test_*.py")), name


def test_the_picture_is_the_house() -> None:
    said = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    shown = said.partition("<!-- rooms -->\n```mermaid\n")[2].partition("\n```\n<!-- end -->")[0]
    assert shown == picture(), f"put this into ARCHITECTURE.md:\n{picture()}"


def test_who_takes_one_function_waits_for_no_other_module() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from rematch.embed import ModelSpec; from rematch.report import from_csv; "
        "from rematch.text import misplaced; from rematch.corpus import tie_keys; "
        "heavy = ('torch', 'matplotlib', 'pandas', 'pyarrow', 'PIL'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout == "[]\n", done.stderr


def test_a_room_refuses_what_it_does_not_hand_on() -> None:
    with pytest.raises(ImportError, match="rank_all"):
        from rematch.match import rank_all  # type: ignore[attr-defined]  # noqa: F401
    assert Path(HALL).is_dir()
