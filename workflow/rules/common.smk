# Configuration, code hashes and the lists of files that rules ask for. No rules here.
import hashlib
import json
import platform
import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from rematch.codehash import code_hash
from rematch.config import ConfigError, as_list, describe_runs, ensembles, load_schema
from rematch.config import points, validated
from rematch.files import folder_state

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "workflow" / "scripts"
DEMO = "resources/demo/corpus"
DEMO_FILES = [f"{DEMO}/articles.tsv", f"{DEMO}/translations.tsv", f"{DEMO}/images"]

try:
    CONFIG = validated(
        config, load_schema(ROOT / "workflow/schemas/config.schema.yaml"), DEMO_FILES
    )
except ConfigError as error:
    # A traceback through Snakemake's parser would bury the one line that helps.
    print(error, file=sys.stderr)
    sys.exit(1)

# With defaults, for scripts: they read there what cannot change a result (time-outs, caches), so that
# it triggers nothing. What can, is a parameter of the rule.
config.clear()
config.update(CONFIG)

SWEEP = CONFIG["sweep"]
EVALUATION = CONFIG["evaluation"]
POINTS = {point.run: point for point in points(CONFIG)}
ENSEMBLES = {ensemble.run: ensemble for ensemble in ensembles(CONFIG)}
RUNS = [*POINTS, *ENSEMBLES]

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
    return code_hash(SCRIPTS / script, (SCRIPTS, ROOT / "resources/demo"))


def targets():
    """Everything that the config asks for."""
    return [
        f"results/{corpus}/{name}" for corpus in SWEEP["corpus"] for name in corpus_targets(corpus)
    ] + ["results/setup.html"]


def has_truth(corpus):
    return "pairs" in CONFIG["corpora"][corpus] or "truth" in CONFIG["corpora"][corpus]


def corpus_targets(corpus):
    made = [f"runs/{run}/submission.tsv" for run in RUNS] + ["rejects.html", "cleaning.html"]
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
    return {role: as_list(corpus[role]) for role in roles if role in corpus}


def corpus_inputs(wildcards):
    """The corpus' tables, and its photos or the list of those that came by URL."""
    corpus = CONFIG["corpora"][wildcards.corpus]
    files = corpus_files(wildcards)
    if "download" in corpus:
        files["downloads"] = f"results/{wildcards.corpus}/corpus/downloads.parquet"
    elif "photos" in corpus:
        files["photos"] = corpus["photos"]
    return files


def download_limits(wildcards):
    """What of a download's options decides which photos come."""
    download = CONFIG["corpora"][wildcards.corpus]["download"]
    return {key: download[key] for key in ("max_mb", "min_side", "on_missing", "retry_dead")}


def photo_listing(wildcards):
    """Names, sizes and times of the photos: replacing one does not touch its folder's time."""
    corpus = CONFIG["corpora"][wildcards.corpus]
    folder = corpus.get("photos")
    # What a rule puts there is that rule's to tell.
    made = folder in DEMO_FILES or "download" in corpus
    return None if folder is None or made else folder_state(folder)


def translation_memory(wildcards):
    """The memory as an input where it is a file that somebody keeps; a store grows by itself."""
    translation = CONFIG["translations"][wildcards.translation]
    return translation["memory"] if translation["backend"] == "memory" else []


def weights_state(path):
    """State of a model that is a folder: its own time misses a file written over."""
    return folder_state(path) if path and Path(path).is_dir() else None


def translator_weights(wildcards):
    """Of a translator that runs on this machine."""
    return weights_state(CONFIG["translations"][wildcards.translation].get("model"))


def language(wildcards):
    """Of the text after translation."""
    translation = CONFIG["translations"][wildcards.translation]
    return translation["source" if translation["backend"] == "none" else "target"]


def needs_statistics(wildcards):
    steps = CONFIG["cleanings"][wildcards.cleaning]["steps"]
    needed = language(wildcards) == "en" and {"segment", "spell"} & set(steps)
    return "resources/word_statistics" if needed else []


def checkpoint(wildcards):
    """The files that a model is loaded from, where the config names them."""
    model = CONFIG["models"][wildcards.model]
    described = model.get("architecture", "")
    files = [model["checkpoint"]] if "checkpoint" in model else []
    return files + ([described] if described.endswith(".json") else [])


def model_weights(wildcards):
    return weights_state(CONFIG["models"][wildcards.model].get("checkpoint"))


def members(wildcards):
    """The similarity matrices that an ensemble blends."""
    return [
        f"results/{wildcards.corpus}/runs/{point.run}/similarity.arrow"
        for point in ENSEMBLES[wildcards.run].members
    ]


def fingerprint(value):
    """A short digest: a rule that depends on a long value need not repeat it in every message."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def versions():
    """Versions of Python and of the packages in requirements.txt."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    names = [line.split("==")[0] for line in lines if "==" in line]
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            # conda and OpenAI's git know some packages by another name.
            found[name] = "not installed under this name"
    return found


def caption_numbers():
    """Of each corpus: the numbers that its captions quote, once they are computed."""
    files = {c: Path(f"results/{c}/numbers.json") for c in SWEEP["corpus"]}
    return {c: json.loads(file.read_text("utf-8")) for c, file in files.items() if file.is_file()}


def show_tables():
    """Print every corpus' table when the run is over."""
    for corpus in SWEEP["corpus"]:
        table = Path(f"results/{corpus}/table.md")
        if table.is_file():
            print(f"\n{table.read_text('utf-8')}\nalso as {table.with_suffix('.csv')} and .html")


VERSIONS = versions()
