"""What makes the workflow exact: what a result was made by, and whether it still counts.

Knows Snakemake, and is the only room that does.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.engine import (
        crate as crate,
        dag as dag,
        jobs as jobs,
        machine as machine,
        provenance as provenance,
        records as records,
    )
    from rematch.engine.cluster import (
        record_on_node as record_on_node,
        wait_for_jobs as wait_for_jobs,
    )
    from rematch.engine.codehash import code_hash as code_hash, method_code as method_code
    from rematch.engine.dag import ROOT as ROOT
    from rematch.engine.differences import changes as changes, is_hash as is_hash, short as short
    from rematch.engine.hooks import (
        fork_jobs as fork_jobs,
        name_full_disks as name_full_disks,
        params_as_jobs_find_them as params_as_jobs_find_them,
        take_part as take_part,
    )
    from rematch.engine.inputs import Inputs as Inputs
    from rematch.engine.locks import remove_stale as remove_stale
    from rematch.engine.signals import handle_apart as handle_apart
    from rematch.engine.user import demand_place as demand_place, settle as settle
else:
    __getattr__ = handing_on(__name__)
