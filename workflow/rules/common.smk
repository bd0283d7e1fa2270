# Configuration, code hashes and the lists of files that rules ask for. No rules here.
import gc
import os
import re
import signal
import sys
from pathlib import Path

from snakemake.path_modifier import PathModifier

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from rematch.config import (
    ENCODING_KEYS,
    TABLE_KEYS,
    TEXT_KEYS,
    WHOLE,
    Asked,
    files as config_files,
    fingerprint,
    load_schema,
    named,
    resolved,
    used,
)
from rematch.engine import (
    Inputs,
    demand_place,
    fork_jobs,
    handle_apart,
    machine,
    name_full_disks,
    params_as_jobs_find_them,
    record_on_node,
    remove_stale,
    settle,
    take_part,
    wait_for_jobs,
)
from rematch.errors import UserError, say
from rematch.report import caption_numbers, show_tables
from rematch.storage import KEPT, Contents, remove_leftovers
from rematch.text import misplaced, wordstats

DEMO = "resources/demo/corpus"
DEMO_FILES = [f"{DEMO}/articles.tsv", f"{DEMO}/translations.tsv", f"{DEMO}/images"]

# Jobs of a cluster, as many as this at once; none here. With profiles/slurm nothing is locked.
CLUSTER_JOBS = workflow.resource_settings.nodes


def read_config():
    """The configuration that Snakemake's arguments name, and what is to be said of it."""
    schema = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    items = dict(workflow.config_settings.config)
    whole = items.get(WHOLE)
    if isinstance(whole, dict):
        layers, items = [whole["config"]], None
    elif workflow.modifier.skip_configfile:  # another workflow includes this one, with its config
        layers, items = [config], None
    else:
        layers = config_files(workflow.overwrite_configfiles, BASE)
    name = named(workflow.overwrite_configfiles or workflow.configfiles or [BASE])
    found = resolved(layers, schema, DEMO_FILES, items, misplaced, ROOT, name)
    if isinstance(whole, dict):
        return found.config, whole["notes"]
    if workflow.is_main_process:
        for note in found.notes:
            say(f"config: {note}", sys.stderr)
    return found.config, found.notes


def results_folder():
    """Where results go: `results`, but where a workflow that includes this one moves them.

    Snakemake moves what rules name, and files of the configuration are flagged to stay. The plan
    that a record is taken from, is told by the record's job.
    """
    whole = workflow.config_settings.config.get(WHOLE)
    mover = workflow.modifier.path_modifier
    if isinstance(whole, dict) and whole["results"] != "results":
        moved = PathModifier({"results/": f"{whole['results']}/"}, None, workflow)
        workflow.modifier.path_modifier = mover = moved
    return os.path.normpath(mover.replace_prefix("results/"))


def say_that_jobs_work():
    """Before waiting for jobs that a killed run left working."""
    say("jobs of a killed run still work here; waiting until they end", sys.stderr)


settle()
try:
    demand_place(Path.cwd(), ROOT)
except UserError as error:
    say(str(error), sys.stderr)
    sys.exit(1)

if workflow.is_main_process:
    wait = None if workflow.output_settings.dryrun else say_that_jobs_work
    if not CLUSTER_JOBS and remove_stale(Path(".snakemake"), wait):
        remove_leftovers(KEPT)
        say("a killed run left its lock; it is removed", sys.stderr)
    if Path("results").is_dir() and not os.access("results", os.W_OK):
        say(
            "results/: cannot be written; make it writable if there is something to compute",
            sys.stderr,
        )

RESULTS = results_folder()

try:
    if not workflow.is_main_process:
        record_on_node()
    elif CLUSTER_JOBS and not workflow.output_settings.dryrun:
        wait_for_jobs(Path.cwd())
    CONFIG, NOTES = read_config()
except UserError as error:
    # A traceback through Snakemake's parser would bury the one line that helps.
    say(str(error), sys.stderr)
    sys.exit(1)

# With defaults, for scripts: they read there what cannot change a result (time-outs, caches), so that
# it triggers nothing. What can, is a parameter of the rule.
config.clear()
config.update(CONFIG)

EVALUATION, EXPERIMENT = CONFIG["evaluation"], CONFIG["experiment"]
VERSIONS = machine.versions(machine.pinned(ROOT / "requirements.txt"))
STATISTICS = [f"resources/word_statistics/{name}" for name in wordstats.OUTPUTS]
CONTENTS = Contents(KEPT)

# What rules ask for: of the configuration, and of files, code and packages.
asked = Asked(CONFIG)
inputs = Inputs(asked, CONTENTS, ROOT, DEMO_FILES, VERSIONS, STATISTICS, (ancient, local), RESULTS)

PLACE = f"{RESULTS}/{EXPERIMENT}"  # where the experiment's own results are; rules say asked.place

name_full_disks()
if workflow.is_main_process:
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # a plan is many objects, and none of them garbage
    take_part(CONTENTS, "per_article.parquet", config.setdefault("made_by", {}), inputs.code)
    if not CLUSTER_JOBS:
        fork_jobs(ROOT / "workflow/scripts")

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"


wildcard_constraints:
    corpus=NAME,
    translation=NAME,
    cleaning=NAME,
    words=r"\d+|all|\d+s\d+",
    model=NAME,
    scorer=NAME,
    run=r"[A-Za-z0-9][A-Za-z0-9_.-]*",


def scaled(base, per_mb):
    """A resource that grows with the input and doubles with each further attempt.

    Memory in MB, time in minutes. Of an input that is yet to be made nothing is known: `base` has
    to do for it.
    """

    def amount(wildcards, input, attempt):
        megabytes = sum(Path(file).stat().st_size for file in input if Path(file).is_file()) / 1e6
        return round((base + per_mb * megabytes) * 2 ** (attempt - 1))

    return amount
