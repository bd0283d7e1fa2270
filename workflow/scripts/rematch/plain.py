"""Configs that are data and nothing else.

Snakemake hands every config to YTE, which runs the Python in it if the file says `__use_yte__`. It
does so before the Snakefile is read, so a config from somebody else is looked at before Snakemake
is started: `make run CONFIG=...` does that. The Snakefile refuses such a config too.

    python -m rematch.plain a.yaml b.yaml
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import yaml

from rematch.errors import UserError

TEMPLATE = "__use_yte__"


def demand_plain(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Raise UserError if a config is a template, or no YAML; nothing in it is run to tell."""
    for path in map(Path, paths):
        try:
            text = path.read_text("utf-8")
            with suppress(ValueError):  # JSON, which Snakemake tries first, is never a template
                json.loads(text)
                continue
            config = yaml.safe_load(text)
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from error
        except (yaml.YAMLError, ValueError) as error:
            said = " ".join(str(error).split())
            raise UserError(f"{path}: is not plain YAML ({said}); correct it") from error
        if isinstance(config, dict) and TEMPLATE in config:
            raise UserError(
                f"{path}: {TEMPLATE}: this config runs code of its own; write the values it stands "
                "for, and remove the key"
            )


if __name__ == "__main__":
    try:
        demand_plain(sys.argv[1:])
    except UserError as error:
        sys.exit(f"config: {error}")
