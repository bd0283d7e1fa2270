# Configuration, code hashes and the lists of files that rules ask for. No rules here.
import atexit
import gc
import hashlib
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from rematch.config import (
    WHOLE,
    as_list,
    axes_of,
    describe_runs,
    ensembles,
    files as config_files,
    load_schema,
    points,
    resolved,
    used,
)
from rematch.corpus import photo_files
from rematch.engine import (
    code_hash,
    demand_place,
    fork_jobs,
    handle_apart,
    machine,
    method_code,
    name_full_disks,
    record_on_node,
    remove_stale,
    settle,
    take_part,
    wait_for_jobs,
)
from rematch.errors import UserError, say
from rematch.methods import FAMILIES, methods
from rematch.report import losses
from rematch.storage import KEPT, PHOTO_BYTES, Contents, remove_leftovers
from rematch.text import misplaced, wordstats

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "workflow" / "scripts"
ROOTS = (SCRIPTS, ROOT / "resources/demo")
DEMO = "resources/demo/corpus"
DEMO_FILES = [f"{DEMO}/articles.tsv", f"{DEMO}/translations.tsv", f"{DEMO}/images"]

# Jobs of a cluster, as many as this at once; none here. With profiles/slurm nothing is locked.
CLUSTER_JOBS = workflow.resource_settings.nodes


def read_config():
    """The configuration that Snakemake's arguments name, and what is to be said of it."""
    schema = load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    items = dict(workflow.config_settings.config)
    if isinstance(items.get(WHOLE), dict):
        found = resolved([items[WHOLE]["config"]], schema, DEMO_FILES, doubt=misplaced)
        return found.config, items[WHOLE]["notes"]
    if workflow.modifier.skip_configfile:  # another workflow includes this one, with its own config
        found = resolved([config], schema, DEMO_FILES, doubt=misplaced)
    else:
        layers = config_files(workflow.overwrite_configfiles)
        found = resolved(layers, schema, DEMO_FILES, items, doubt=misplaced)
    if workflow.is_main_process:
        for note in found.notes:
            say(f"config: {note}", sys.stderr)
    return found.config, found.notes


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

SWEEP = CONFIG["sweep"]
EVALUATION = CONFIG["evaluation"]
ENSEMBLES = {
    ensemble.run: ensemble for corpus in CONFIG["corpora"] for ensemble in ensembles(CONFIG, corpus)
}
CONTENTS = Contents(KEPT)
name_full_disks()
if workflow.is_main_process:
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # a plan is many objects, and none of them garbage
    planned_by = config.setdefault("made_by", {})
    take_part(CONTENTS, "metrics.parquet", planned_by, lambda script: code(script))
    atexit.register(CONTENTS.flush)
    if not CLUSTER_JOBS:
        fork_jobs()

# What of a corpus' entry decides how its tables are read.
TABLE_KEYS = ("pairs", "articles", "images", "truth", "layout", "columns", "quoting")

# What of `encoding` is part of an embedding's arithmetic: all but the cache.
TEXT_KEYS = ("device", "threads", "engine")
ENCODING_KEYS = (*TEXT_KEYS, "batch", "decode")

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"


wildcard_constraints:
    corpus=NAME,
    translation=NAME,
    cleaning=NAME,
    words=r"\d+|all",
    model=NAME,
    scorer=NAME,
    run=r"[A-Za-z0-9][A-Za-z0-9_.-]*",


def code(script):
    """What a rule's results owe to its script and the modules that it imports."""
    return code_hash(SCRIPTS / script, ROOTS, CONTENTS.result)


def methods_of(section, axis):
    """The code of the methods that an entry names, each of its own; see `rematch.methods`."""

    def chosen(wildcards):
        named = CONFIG[section][wildcards[axis]].get(FAMILIES[section].key)
        return method_code(section, named, ROOTS, CONTENTS.result)

    return chosen


def scaled(base, per_mb):
    """A resource that grows with the input and doubles with each further attempt.

    Memory in MB, time in minutes. Of an input that is yet to be made nothing is known: `base` has
    to do for it.
    """

    def amount(wildcards, input, attempt):
        megabytes = sum(Path(file).stat().st_size for file in input if Path(file).is_file()) / 1e6
        return round((base + per_mb * megabytes) * 2 ** (attempt - 1))

    return amount


def targets():
    """Everything that the config asks for, and what it rests on."""
    return [*products(), "results/provenance.json", "results/ro-crate-metadata.json"]


def products():
    """Tables, plots, submissions and pages."""
    return [
        f"results/{corpus}/{name}" for corpus in SWEEP["corpus"] for name in corpus_targets(corpus)
    ] + ["results/setup.html"]


def has_truth(corpus):
    return "pairs" in CONFIG["corpora"][corpus] or "truth" in CONFIG["corpora"][corpus]


def runs(corpus):
    """Names of a corpus' runs."""
    return [each.run for each in (*points(CONFIG, corpus), *ensembles(CONFIG, corpus))]


def of_runs(name):
    """A file of each of a corpus' runs."""
    return lambda wildcards: [
        f"results/{wildcards.corpus}/runs/{run}/{name}" for run in runs(wildcards.corpus)
    ]


def described_runs(wildcards):
    """All that tables and plots say of a corpus' runs."""
    return fingerprint(describe_runs(CONFIG, wildcards.corpus))


def cleaned_variants(wildcards, form="{translation}, {cleaning}"):
    """A corpus' translations, each with each of its cleanings."""
    axes = axes_of(CONFIG, wildcards.corpus)
    return expand(form, translation=axes["translation"], cleaning=axes["cleaning"])


def of_cleanings(name):
    """A file of each of a corpus' cleanings."""
    return lambda wildcards: cleaned_variants(
        wildcards, f"results/{wildcards.corpus}/text/{{translation}}/{{cleaning}}/{name}"
    )


def untranslated_texts(wildcards):
    folder = f"results/{wildcards.corpus}/text"
    return [f"{folder}/{name}/untranslated.parquet" for name in source_languages(wildcards)]


def corpus_targets(corpus):
    made = [f"runs/{run}/submission.tsv" for run in runs(corpus)]
    made += ["losses.csv", "losses.html", "cleaning.html"]
    if has_truth(corpus):
        made += ["table.csv", "table.md", "table.html", "metrics.csv", "metrics.parquet"]
        made += ["plots/words.svg", "plots/recall.svg"]
    return made


def entry(section, wildcard, *keys):
    """An entry of a section of the config, by wildcard; only these keys of it, if any are given."""

    def chosen(wildcards):
        found = CONFIG[section][wildcards[wildcard]]
        return {key: found[key] for key in (keys or found) if key in found}

    return chosen


def corpus_files(wildcards):
    """The corpus' tables by role, as the config gives them."""
    corpus = CONFIG["corpora"][wildcards.corpus]
    roles = ("pairs", "articles", "images", "truth")
    return {
        role: [by_content(path) for path in as_list(corpus[role])]
        for role in roles
        if role in corpus
    }


def corpus_inputs(wildcards):
    """The corpus' tables, and its photos or the list of those that came by URL."""
    corpus = CONFIG["corpora"][wildcards.corpus]
    files = corpus_files(wildcards)
    if "download" in corpus:
        files["downloads"] = downloads(wildcards)
    elif "photos" in corpus:
        files["photos"] = by_content(corpus["photos"])
    return files


def downloads(wildcards):
    """The list of a corpus' photos that came by URL, if they do."""
    fetched = "download" in CONFIG["corpora"][wildcards.corpus]
    return f"results/{wildcards.corpus}/corpus/downloads.parquet" if fetched else []


def by_content(path):
    """Somebody's file or folder: its content is a parameter, and its time says nothing.

    Not so of a file that some job writes: its `ancient` readers would miss that job's reasons.
    """
    return path if path in DEMO_FILES else ancient(path)


def model_entry(*keys):
    """`entry` of a model, without where its files lie: what these hold is a parameter of its own."""

    def chosen(wildcards):
        found = entry("models", "model", *keys)(wildcards)
        found.pop("checkpoint", None)
        if found.get("architecture", "").endswith(".json"):
            del found["architecture"]
        return found

    return chosen


def translation_entry(wildcards):
    """What of a translation decides its answers; a kept memory's file counts by what it holds."""
    own = methods("translations")[CONFIG["translations"][wildcards.translation]["backend"]].method
    keys = ["backend", "source", "target", "memory", "on_failure"]
    keys += [param.name for param in own.params if param.changes]
    found = entry("translations", "translation", *keys)(wildcards)
    if found["backend"] == "memory":
        del found["memory"]
    if os.path.isdir(found.get("model", "")):
        del found["model"]
    return found


def download_limits(wildcards):
    """What of a download's options decides which photos come."""
    download = CONFIG["corpora"][wildcards.corpus]["download"]
    return {key: download[key] for key in ("max_mb", "min_side", "on_missing", "retry_dead")}


def table_contents(wildcards):
    """What the corpus' tables hold, whatever their times say."""
    files = [path for paths in corpus_files(wildcards).values() for path in paths]
    return fingerprint([CONTENTS.of(path) for path in files])


def photo_contents(wildcards):
    """What the files hold of the photos that the corpus' tables name; no others are opened."""
    folder = CONFIG["corpora"][wildcards.corpus].get("photos")
    if folder is None:
        return None
    files = entry("corpora", "corpus", *TABLE_KEYS)(wildcards)

    def names():
        from rematch.corpus import CorpusSpec, photo_names  # heavy, and seldom needed

        try:
            return json.dumps(photo_names(CorpusSpec.from_config(files)))
        except (UserError, OSError):
            return "[]"  # the job will say it

    tables = [path for paths in corpus_files(wildcards).values() for path in paths]
    layouts = methods_of("corpora", "corpus")(wildcards)
    name = f"photos {wildcards.corpus} {fingerprint([files, layouts])} {code('corpus.py')}"
    known = json.loads(CONTENTS.result(name, tables, names))
    found = CONTENTS.chosen(folder, lambda files: photo_files(known, files), PHOTO_BYTES)
    return fingerprint(found)


def translation_memory(wildcards):
    """The memory as an input where it is a file that somebody keeps; a store grows by itself."""
    translation = CONFIG["translations"][wildcards.translation]
    # The demo's too: the job that makes it makes the articles, which are reason enough.
    return ancient(translation["memory"]) if translation["backend"] == "memory" else []


def needed_translations(wildcards):
    """A kept memory's translations of the corpus' texts: what else it holds may change freely."""
    translation = CONFIG["translations"][wildcards.translation]
    if translation["backend"] != "memory":
        return None
    articles = f"results/{wildcards.corpus}/corpus/articles.parquet"
    memory, source, target = (translation[key] for key in ("memory", "source", "target"))

    def digest():
        from rematch import forms  # heavy, and seldom needed
        from rematch.storage import tables
        from rematch.text import recall

        try:
            held = recall(memory, source, target).translations
            table = tables.read(articles, forms.ARTICLES)
        except (UserError, OSError) as error:
            return str(error)  # the job will say it where it belongs
        texts = {text for name in ("title", "text") for text in table[name].to_pylist()}
        return fingerprint({text: held[text] for text in texts if text in held})

    name = f"{wildcards.corpus} {wildcards.translation} {source} {target}"
    return CONTENTS.result(name, [articles, memory], digest)


def translator_weights(wildcards):
    """Of a translator that runs on this machine."""
    model = CONFIG["translations"][wildcards.translation].get("model")
    return model and CONTENTS.of(model)


def translator_packages(wildcards):
    """Those that compute a translation on this machine; a service's answers depend on none."""
    backend = CONFIG["translations"][wildcards.translation]["backend"]
    own = methods("translations")[backend].method.packages
    return packages(*own) if own else None


def language(wildcards):
    """Of the text after translation."""
    translation = CONFIG["translations"][wildcards.translation]
    return translation["source" if translation["backend"] == "none" else "target"]


def source_languages(wildcards):
    """From which language each of a corpus' translations translates."""
    names = axes_of(CONFIG, wildcards.corpus)["translation"]
    return {name: CONFIG["translations"][name]["source"] for name in names}


def query_fields(wildcards):
    """Of a corpus' translations, each with each of its cleanings: what makes queries of them."""
    variants = cleaned_variants(wildcards, "{translation}.{cleaning}")
    return {name: CONFIG["cleanings"][name.partition(".")[2]]["fields"] for name in variants}


STATISTICS = [f"resources/word_statistics/{name}" for name in wordstats.OUTPUTS]


def needs_statistics(wildcards):
    steps = CONFIG["cleanings"][wildcards.cleaning]["steps"]
    known = methods("cleanings")
    reads = any("statistics" in known[step].method.traits for step in steps)
    needed = language(wildcards) == "en" and reads
    return STATISTICS if needed else []


def statistics_source(wildcards=None):
    """Where word statistics come from, and what it holds if it is somebody's file or folder."""
    source = CONFIG["word_statistics"]
    return [source, None if source in ("wordfreq", "ekphrasis") else CONTENTS.of(source)]


def statistics_used(wildcards):
    """All that the word statistics of a cleaning depend on."""
    if not needs_statistics(wildcards):
        return None
    return [*statistics_source(), code("word_statistics.py"), packages("wordfreq", "ekphrasis")]


def checkpoint(wildcards):
    """The files that a model is loaded from, where the config names them."""
    model = CONFIG["models"][wildcards.model]
    described = model.get("architecture", "")
    files = [model["checkpoint"]] if "checkpoint" in model else []
    files += [described] if described.endswith(".json") else []
    return [by_content(path) for path in files]


def model_weights(wildcards):
    """What a model's files hold."""
    return [CONTENTS.of(path) for path in checkpoint(wildcards)]


def model_packages(wildcards):
    """Those that load a model and compute with it."""
    backend = CONFIG["models"][wildcards.model]["backend"]
    own = methods("models")[backend].method.packages
    return packages("torch", "torchvision", "numpy", "pillow", *own)


def encoding(*keys):
    """These keys of the section `encoding`."""
    return {key: CONFIG["encoding"][key] for key in keys}


def members(wildcards):
    """The similarity matrices that an ensemble blends."""
    return [
        f"results/{wildcards.corpus}/runs/{point.run}/similarity.arrow"
        for point in ENSEMBLES[wildcards.run].members
    ]


def member_weights(wildcards):
    """An ensemble's members, by the names of their runs, and their weights."""
    ensemble = ENSEMBLES[wildcards.run]
    return [[point.run, w] for point, w in zip(ensemble.members, ensemble.weights)]


def submission_ids(wildcards):
    """By which ids a submission names its articles."""
    return CONFIG["corpora"][wildcards.corpus].get("submission_ids", "benchmark")


def reference():
    """The table of published figures, if there is one."""
    return by_content(EVALUATION["reference"]) if "reference" in EVALUATION else []


def reference_contents(wildcards):
    """What the table of published figures holds."""
    reference = EVALUATION.get("reference")
    return reference and CONTENTS.of(reference)


def fingerprint(value):
    """A short digest: a rule that depends on a long value need not repeat it in every message."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def pinned():
    """Names of the packages in requirements.txt."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [line.split("==")[0] for line in lines if "==" in line]


def packages(*names):
    """Versions of packages that a rule's numbers depend on."""
    return {name: VERSIONS[name] for name in names}


def params_as_jobs_find_them():
    """Have a job's parameters recorded as they are when it starts.

    Snakemake (9.27) records what they were before the first job ran, if it looked then: of files
    that were yet to be made, nothing, and the job would run once more next time.
    """
    looked = getattr(workflow.persistence, "_params", None)
    if hasattr(looked, "cache_clear"):
        looked.cache_clear()


def caption_numbers():
    """Of each corpus: the numbers that its captions quote, once they are computed."""
    found = {}
    for corpus in SWEEP["corpus"]:
        with suppress(OSError, ValueError):  # not there yet, or damaged: the table makes it again
            text = Path(f"results/{corpus}/numbers.json").read_text("utf-8")
            found[corpus] = json.loads(text)
    return found


def show_tables():
    """Print every corpus' table when the run is over, and last what was lost by more than a tenth."""
    warnings = []
    for corpus in SWEEP["corpus"]:
        table = Path(f"results/{corpus}/table.md")
        lost = []
        with suppress(OSError, UserError):  # not there yet, or damaged: a job makes it again
            lost = losses.from_csv(table.with_name("losses.csv"))
            warnings.append(losses.warning(lost, corpus))
        if has_truth(corpus) and table.is_file():
            say(f"\n{table.read_text('utf-8')}\nalso as {table.with_suffix('.csv')} and .html")
        elif lost:
            say(f"\n{corpus}: {losses.line(lost)}")
    sys.stdout.flush()
    for warning in filter(None, warnings):
        say(f"\nwarning: {warning}", sys.stderr)


VERSIONS = machine.versions(pinned())
