"""A user without a name or a home, and places where Snakemake cannot work."""

from __future__ import annotations

import getpass
import os
import stat
from pathlib import Path

import pytest

from rematch import user
from rematch.errors import UserError


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As in a container: no HOME, no USER, and no entry in passwd. The folder for what is short."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_user_without_name_or_home_gets_both(nobody: Path) -> None:
    with pytest.raises((KeyError, OSError)):
        getpass.getuser()
    with pytest.raises(RuntimeError):
        Path("~").expanduser()
    user.settle()
    assert getpass.getuser() == f"uid{os.getuid()}"
    home = Path("~").expanduser()
    assert home == nobody / f"home-{os.getuid()}"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    user.settle()
    assert Path("~").expanduser() == home


@pytest.mark.parametrize("how", ["link", "open", "file"])
def test_a_home_that_another_one_may_have_made_is_not_taken(nobody: Path, how: str) -> None:
    home = nobody / f"home-{os.getuid()}"
    (nobody / "theirs").mkdir()
    if how == "link":
        home.symlink_to(nobody / "theirs")
    elif how == "file":
        home.touch()
    else:
        home.mkdir()
        home.chmod(0o777)
    user.settle()
    assert Path("~").expanduser() not in (home, nobody / "theirs")
    assert Path("~").expanduser().is_dir()


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
