"""Files that several users keep together: a folder's own permissions say who may write in it."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import stat
import time
from pathlib import Path

from rematch.errors import UserError

_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_FULL = {errno.ENOSPC, errno.EDQUOT}


def make_folder(folder: str | os.PathLike[str]) -> None:
    """Make a folder and those above it, each open to whom the one above it is."""
    folder = Path(folder)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(missing):
        _share(path, path.parent, 0o7)


def open_shared(path: str | os.PathLike[str], flags: int) -> int:
    """`os.open`; a file that is made may be read and written by all who may write in its folder.

    A mask (umask) that takes these rights away holds in folders of one's own only.

    Raises:
        OSError: as `os.open`.
    """
    path = Path(path)
    if not flags & os.O_EXCL:
        for again in (True, True, False):
            try:
                return os.open(path, flags & ~os.O_CREAT)
            except FileNotFoundError:
                if not flags & os.O_CREAT:
                    raise
                break
            except PermissionError:
                # Somebody may have made it this moment, and be about to open it to others.
                if not again or time.time() - path.stat().st_ctime > 2.0:
                    raise
                time.sleep(0.05)
    file = os.open(path, flags | os.O_CREAT, 0o666)
    _share(file, path.parent, 0o6)
    return file


def unusable(path: Path, error: OSError) -> UserError:
    """Why a shared file cannot be used, and who can do what about it."""
    said = error.strerror or type(error).__name__
    if error.errno in (errno.EACCES, errno.EPERM):
        remedy = f"make its folder {path.parent} writable for this user"
        with contextlib.suppress(OSError):
            owner = path.stat().st_uid
            if owner != os.geteuid():
                remedy = f"let its owner, {_name(owner)}, run: chmod g+rw '{path}'"
    elif error.errno in _FULL:
        remedy = "free some space and run again: what is finished is kept"
    elif error.errno == errno.EROFS:
        remedy = "make its folder writable"
    elif error.errno in _LOCKS:
        remedy = "keep its folder on a file system that allows locks"
    else:
        remedy = f"see to the folder {path.parent} and run again"
    return UserError(f"{path}: cannot be locked or written ({said}); {remedy}")


def is_full(error: OSError) -> bool:
    """Whether there is no room left."""
    return error.errno in _FULL


def _share(made: int | Path, folder: Path, rights: int) -> None:
    """Give `rights` to the group, and to all, as far as `folder` lets them write."""
    with contextlib.suppress(OSError):  # not ours, or a file system without permissions
        above = os.stat(folder)
        if stat.S_ISVTX & above.st_mode:  # as /tmp: everybody's place, nobody's common folder
            return
        own = os.stat(made)
        if above.st_mode & stat.S_IWGRP and own.st_gid != above.st_gid:
            with contextlib.suppress(OSError):
                os.chown(made, -1, above.st_gid)
            own = os.stat(made)
        mode = stat.S_IMODE(own.st_mode)
        if above.st_mode & stat.S_IWGRP and own.st_gid == above.st_gid:
            mode |= rights << 3
        if above.st_mode & stat.S_IWOTH:
            mode |= rights
        if isinstance(made, Path) and above.st_mode & stat.S_ISGID:
            mode |= stat.S_ISGID
        if mode != stat.S_IMODE(own.st_mode):
            os.chmod(made, mode)


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
