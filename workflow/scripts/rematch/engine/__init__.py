"""What makes the workflow exact: what a result was made by, and whether it still counts.

Knows Snakemake, and is the only room that does.

Exact invalidation. Every rule carries `inputs.code("script.py")`, a hash over the parsed code of
its script and of the modules it imports, docstrings left out, the same under every Python
(`engine.codehash`; a test forbids what it cannot follow); of a room the modules count that what is
asked for comes from. A method is loaded by its name, so its file counts by itself (`methods`): who
uses another one is not made again. So do the versions of the packages that numbers come from
(`packages`). Parameters are the config's values that can change a result; those
that cannot (time-outs, caches) are read from `snakemake.config`, which triggers nothing. Files from
outside count by what they hold: tables, checkpoints, reference figures; of a folder of photos those
that the tables name, and of a kept translation memory the entries that the corpus' texts need.
Their digests are parameters too; where a checkpoint or a kept memory lies is none.
`storage.contents` keeps digests in `results/.contents.json` with each file's size, times and inode,
so that only changed files are read: ten thousand photos cost 1 s once and 0.07 s after. The default
profile leaves Snakemake's trigger `input` out: a set of files that becomes smaller would make texts
be encoded again. So a rule whose input files depend on the config names them, or what they come
from, in a parameter. Parameters are compared as a set: where two may change places they are one
mapping.

Its own record. At its end each job writes to `results/.made/` (of what outlives `results/`, to
`.made/` beside it) what every result was made by: rule, parameters, the SHA-256 of those inputs
that are results too, and of what it wrote. Before Snakemake decides, `engine.judge` holds the plan
against these. What is not recorded, has other bytes than recorded (damaged, emptied, edited by
hand), was made from other files than are there, or before these were made otherwise (a run was
stopped on the way, and the bytes came out the same), is made again, with a line that says so. A
result whose code was edited between the start of the run and the end of its job gets no record, and
a line. Of all else Snakemake's records, which are lost with `.snakemake` and do not travel with
`results/`, are written anew from the project's where they are missing or say something else; then
its own comparison of parameters is right again. Times decide nothing: inputs from outside are
`ancient()`, and those that are results are compared by their record, so that files dated in the
future, or copied without their times, do no harm. A job carries its lineage (`records.lineage`:
rule, parameters and outputs of all jobs up to it) in the Parquet and Arrow files of a run, and a
table joins no metrics whose lineage is not the plan's. A digest is computed where size, times or
inode changed: a start with nothing to do costs a look at each file. `engine.hooks` has the
places of Snakemake 9.27 that this needs, none of them public; a test holds them.

Snakemake decides before the run. A job whose input is made again runs, even if that comes out as it
was: new order of the rows runs all jobs of a corpus. What they cost goes by what is new: a photo
whose file is known is not opened (`photos.parquet`), pixels and texts that are known are not
encoded, and translations are remembered. `tests/workflow/edits.py` lists edits and exactly the jobs
that each runs.

On a cluster nothing but the working folder is shared. `profiles/slurm` needs no locks: results are
renamed into place whole, and a Snakemake that starts there first waits for the jobs that a killed
one left with Slurm (`engine.cluster`), so that two jobs never make the same file. Snakemake leaves
it to the process that sent a job to record what its files were made from; here the job records it
too, so that what it made after that process was killed is known for what it is. A rule's memory and
time are `scaled(base, per MB of input)`, and doubled at each further try. They are for Slurm alone:
a local run declares no limit for them, and they trigger nothing.

Provenance. The rule `provenance` runs after all others and asks Snakemake for its plan
(`engine.dag`, as `make why` and `make clean-stale` do), so a new rule is in the record without a
word about it. What differs between machines that come to the same results stands under `made`
alone, and so do the digests of files that keep the work of earlier runs (`update` in a rule;
`"grows": true` in the record). The job reads the record before it, if that is whole: a file that
was not made again keeps the versions and the machine that it was made with. It hashes the truth and
reads none of it.

Captions. Snakemake gives captions no access to results, so `table` writes `numbers.json`, and
`report.smk` puts it into the config, where captions find it.
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
    from rematch.engine.fork_hook import fork_jobs as fork_jobs
    from rematch.engine.hooks import (
        name_full_disks as name_full_disks,
        params_as_jobs_find_them as params_as_jobs_find_them,
        take_part as take_part,
    )
    from rematch.engine.inputs import Inputs as Inputs
    from rematch.engine.locks import remove_stale as remove_stale
    from rematch.engine.screen import Screen as Screen, screens as screens
    from rematch.engine.signals import handle_apart as handle_apart
    from rematch.engine.user import demand_place as demand_place, settle as settle
else:
    __getattr__ = handing_on(__name__)
