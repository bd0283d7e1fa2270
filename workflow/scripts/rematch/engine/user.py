"""Whose process this is, and where: also in a container that runs as some number."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from rematch.errors import UserError

HOME = ".home"
"""Home of a user who has none, in the folder that Snakemake runs in."""


def settle() -> None:
    """See to it that a user's name and home are found, by this process and those it starts.

    Snakemake asks for the name, libraries look for their caches under the home. Without an entry
    in passwd, and without USER and HOME, both fail. (Snakemake itself before it reads the
    Snakefile, if HOME is what lacks; the Makefile sets it.)
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        os.environ["USER"] = f"uid{os.getuid()}"
    try:
        Path("~").expanduser()
    except RuntimeError:
        home = Path(HOME).absolute()
        home.mkdir(exist_ok=True)
        os.environ["HOME"] = str(home)


def demand_place(folder: Path, workflow: Path) -> None:
    """See to it that Snakemake can work here at all.

    Args:
        folder: where it runs, and keeps its records in `.snakemake`.
        workflow: where the workflow is.

    Raises:
        UserError: it could not, and would say so in a traceback.
    """
    if set("{}") & set(str(workflow)):
        raise UserError(
            f"{workflow}: has braces, which Snakemake takes for wildcards; rename the folder"
        )
    records = folder / ".snakemake"
    place = records if records.is_dir() else folder
    if not os.access(place, os.W_OK):
        raise UserError(
            f"{place}: cannot be written to; make it writable, or copy the project to where it is"
        )
