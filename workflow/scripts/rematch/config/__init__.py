"""From files of configuration to a checked mapping, and to the sweep's points.

Knows the names of things, never what lies in the files that they name.

One configuration. Snakemake merges the files of configuration, and what a file removes or who wrote
an entry is lost in that. So `common.smk` reads and merges them again (`read_config`), and
everything sees the result: rules, scripts, `make why`, `verify`, `clean-stale`, a cluster's jobs.
The plan that the provenance is taken from gets it whole (`layers.WHOLE`). It holds no home but in
paths that the user wrote with `~`.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.config import layers as layers
    from rematch.config.asked import (
        ENCODING_KEYS as ENCODING_KEYS,
        TABLE_KEYS as TABLE_KEYS,
        TEXT_KEYS as TEXT_KEYS,
        Asked as Asked,
        fingerprint as fingerprint,
    )
    from rematch.config.entries import as_list as as_list
    from rematch.config.layers import WHOLE as WHOLE, files as files, named as named
    from rematch.config.naming import (
        axis_value as axis_value,
        comparison_plan as comparison_plan,
        short_names as short_names,
    )
    from rematch.config.plain import demand_plain as demand_plain
    from rematch.config.schema import (
        Resolved as Resolved,
        load_schema as load_schema,
        resolved as resolved,
    )
    from rematch.config.sweep import (
        AXES as AXES,
        Config as Config,
        axes_of as axes_of,
        base_of as base_of,
        baseline_of as baseline_of,
        describe_runs as describe_runs,
        ensembles as ensembles,
        points as points,
        switched as switched,
        untranslated as untranslated,
        used as used,
        view_name as view_name,
    )
else:
    __getattr__ = handing_on(__name__)
