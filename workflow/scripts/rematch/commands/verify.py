"""Are inputs, configuration, code and results still what the experiment's `provenance.json` says?

    python -m rematch.commands.verify [--configfile my.yaml ...]

reads every file again and prints a line for each that differs or is gone, for each key of the
configuration that has another value, and for each rule with other code. Another machine or other
versions are noted; they are no difference by themselves.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rematch.commands.configured import DRAWN, configured, place_of
from rematch.engine import machine, provenance
from rematch.errors import UserError, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 if anything differs or cannot be checked."""
    parser = argparse.ArgumentParser(
        prog="python -m rematch.commands.verify", description="Hold results against their record."
    )
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        record = provenance.read(f"{place_of(options.configfile)}/provenance.json")
        config = _config(options.configfile, record)
        found = list(provenance.differences(record, config))
    except UserError as error:
        say(str(error), sys.stderr)
        return 1
    for line in found:
        say(line)
    environments = record["made"]["environments"].values()
    packages = {name for environment in environments for name in environment["packages"]}
    here = machine.environment(machine.versions(sorted(packages - {"python"})))
    for line in provenance.elsewhere(record, here):
        say(f"note: {line}")
    if any(line.startswith("config changed: ") for line in found):
        say("note: made with another file of configuration? make verify CONFIG=that.yaml")
    if not found:
        counts = f"{len(record['inputs']):,} inputs and {len(record['outputs']):,} outputs"
        say(f"all as recorded {record['made']['written']}: {counts}, configuration and code")
    return 1 if found else 0


def _config(files: Sequence[str], record: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration now. What is gone of the inputs is no fault of it: that is a difference."""
    return configured(files, [*DRAWN, *record["inputs"], *record["outputs"]]).config


if __name__ == "__main__":
    sys.exit(main())
