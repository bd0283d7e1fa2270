"""A user without a name or a home, and places where Snakemake cannot work."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import pytest

from rematch.engine import user
from rematch.errors import UserError


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As in a container: no HOME, no USER, and no entry in passwd. The folder it runs in."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_user_without_name_or_home_gets_both(nobody: Path) -> None:
    with pytest.raises((KeyError, OSError)):
        getpass.getuser()
    with pytest.raises(RuntimeError):
        Path("~").expanduser()
    user.settle()
    assert getpass.getuser() == f"uid{os.getuid()}"
    home = Path("~").expanduser()
    assert home == nobody / ".home" and home.is_dir()
    user.settle()
    assert Path("~").expanduser() == home


def test_a_user_with_a_name_and_a_home_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("USER", "me")
    monkeypatch.setenv("LOGNAME", "me")
    user.settle()
    assert (os.environ["HOME"], os.environ["USER"]) == ("/somewhere", "me")


def test_places_where_snakemake_would_fail_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.demand_place(tmp_path, Path("/a \"quoted\" 'folder' %s"))
    with pytest.raises(UserError, match=r"/a\{x\}b: has braces"):
        user.demand_place(tmp_path, Path("/a{x}b"))
    monkeypatch.setattr("os.access", lambda path, mode: ".snakemake" in str(path))
    with pytest.raises(UserError, match="cannot be written to"):
        user.demand_place(tmp_path, tmp_path)
    (tmp_path / ".snakemake").mkdir()
    user.demand_place(tmp_path, tmp_path)
