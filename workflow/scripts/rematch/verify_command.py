"""Are inputs, configuration, code and results still what `results/provenance.json` says?

    python -m rematch.verify_command [--configfile my.yaml ...]

reads every file again and prints a line for each that differs or is gone, for each key of the
configuration that has another value, and for each rule with other code. Another machine or other
versions are noted; they are no difference by themselves.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rematch import machine, provenance
from rematch.config import load_schema, validated
from rematch.dag import ROOT
from rematch.errors import UserError
from rematch.plain import demand_plain

RECORD = "results/provenance.json"
CONFIG = "config/config.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, or 1 if anything differs or cannot be checked."""
    parser = argparse.ArgumentParser(
        prog="python -m rematch.verify_command", description="Hold results against their record."
    )
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        record = provenance.read(RECORD)
        config = _config([CONFIG, *options.configfile], record)
        found = list(provenance.differences(record, config))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    for line in found:
        print(line)
    environments = record["made"]["environments"].values()
    packages = {name for environment in environments for name in environment["packages"]}
    here = machine.environment(machine.versions(sorted(packages - {"python"})))
    for line in provenance.elsewhere(record, here):
        print(f"note: {line}")
    if any(line.startswith("config changed: ") for line in found):
        print("note: made with another file of configuration? make verify CONFIG=that.yaml")
    if not found:
        counts = f"{len(record['inputs']):,} inputs and {len(record['outputs']):,} outputs"
        print(f"all as recorded {record['made']['written']}: {counts}, configuration and code")
    return 1 if found else 0


def _config(files: Sequence[str], record: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration now. What is gone of the inputs is no fault of it: that is a difference."""
    # Snakemake's own, so that it is read and merged as a run does it.
    from snakemake.common.configfile import load_configfile
    from snakemake.exceptions import WorkflowError
    from snakemake.utils import update_config

    demand_plain(files)
    config: dict[str, Any] = {}
    for file in files:
        try:
            update_config(config, load_configfile(file))
        except (WorkflowError, OSError) as error:
            raise UserError(f"{file}: cannot be read ({error})") from error
    schema = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    return validated(config, schema, [*record["inputs"], *record["outputs"]])


if __name__ == "__main__":
    sys.exit(main())
