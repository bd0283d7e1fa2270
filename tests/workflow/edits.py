"""Edits of a finished project, each with the jobs that it has to run and no others.

A job is named by its rule and wildcards, as its log is: "judge tiny.memory.paper.w3.tiny.cosine".
`tests/workflow/test_invalidation.py` runs those marked `often`, `make soak` all of them.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from rematch.storage.embeddings import Store
from tests.tiny import make_clip, make_corpus, write_articles
from tests.workflow.conftest import Project

Environment = dict[str, str]
Jobs = frozenset[str]

# The project that `conftest.finished` runs: what its jobs are, and what depends on what.

WORDS = ("3", "6")


def texts(
    words: Iterable[str] = WORDS, cleaning: str = "paper", translation: str = "memory"
) -> Jobs:
    """From cleaned text to queries."""
    return frozenset(f"words tiny.{translation}.{cleaning}.w{n}" for n in words)


def embedded(
    words: Iterable[str] = WORDS,
    cleaning: str = "paper",
    translation: str = "memory",
    model: str = "tiny",
) -> Jobs:
    """From queries to embeddings."""
    return frozenset(f"embed_texts tiny.{model}.{translation}.{cleaning}.w{n}" for n in words)


def judged(*runs: str) -> Jobs:
    """From similarities to exact ranks, and the submission."""
    return frozenset(
        f"{rule} tiny.{run}" for rule in ("ranking", "submission", "judge") for run in runs
    )


def ensemble(cleaning: str = "paper", translation: str = "memory", model: str = "tiny") -> Jobs:
    run = f"run05.{translation}.{cleaning}.{model}.cosine"
    return judged(run) | {f"ensemble tiny.{run}"}


def matched(
    words: Iterable[str] = WORDS,
    cleaning: str = "paper",
    translation: str = "memory",
    model: str = "tiny",
) -> Jobs:
    """From embeddings to exact ranks, without the ensemble."""
    runs = [f"{translation}.{cleaning}.w{n}.{model}.cosine" for n in words]
    return judged(*runs) | {f"similarity tiny.{run}" for run in runs}


SETUP: Jobs = frozenset({"setup my"})
"""The page that shows the configuration and the versions of packages."""

CONCLUDED: Jobs = frozenset({"conclude my.tiny", "table my.tiny", "plots my.tiny"})
TABLES = CONCLUDED | {"diagnose my.tiny"}
MATCHED = matched() | ensemble() | TABLES
PHOTOS_ENCODED = MATCHED | {"embed_images tiny.tiny"}
PHOTOS = PHOTOS_ENCODED | {"corpus tiny", "losses my.tiny"}
TEXTS_ENCODED = MATCHED | embedded()
CLEANED = (
    TEXTS_ENCODED | texts() | {"clean tiny.memory.paper", "cleaning my.tiny", "losses my.tiny"}
)
TRANSLATED = CLEANED | {"translate tiny.memory"}
CORPUS = PHOTOS | TRANSLATED | {"articles tiny"}
"""Of an edit of the corpus' table, which holds articles, photos' names and the truth."""

NONE: Jobs = frozenset()


def last(jobs: Jobs) -> Jobs:
    """With what runs at the end of every run that does anything."""
    return jobs | LAST if jobs else jobs


LAST: Jobs = frozenset({"provenance my"})


@dataclass(frozen=True)
class Edit:
    """What somebody does to the finished project.

    Attributes:
        name: of the row in the table.
        change: does it; gives environment variables for Snakemake where there are some.
        jobs: that have to run, without those of `last`.
        often: is checked by `make test` too.
        changes: whether results may differ from the project's before the edit.
        first: an edit to be made, run and checked before this one.
        deleted: results that the edit removes and that nothing has to make again.
        said: what the log of a job has to say whose name begins so.
    """

    name: str
    change: Callable[[Project], Environment | None]
    jobs: Jobs
    often: bool = False
    changes: bool = True
    first: Edit | None = None
    deleted: tuple[str, ...] = ()
    said: dict[str, str] = field(default_factory=dict)


# What the edits do.


def nothing(project: Project) -> None:
    pass


def touch_everything(project: Project) -> None:
    """Every file, those that results are made from last."""
    paths = [path for path in project.folder.rglob("*") if ".snakemake" not in path.parts]
    for path in sorted(paths, key=lambda path: "results" not in path.parts):
        os.utime(path)


def copy_everything(project: Project) -> None:
    """As in a copy without time stamps: every file as new as its place in the listing says."""
    for n, path in enumerate(sorted(project.folder.rglob("*"), reverse=True)):
        if path.is_file() and ".snakemake" not in path.relative_to(project.folder).parts:
            os.utime(path, (1_700_000_000 + n, 1_700_000_000 + n))


def add_words(project: Project) -> None:
    project.config["sweep"]["words"] = [3, 6, "all"]


def drop_words(project: Project) -> None:
    project.config["sweep"]["words"] = [3, 6]


def add_model(project: Project) -> None:
    make_clip(project.folder / "data/other.pt", seed=8)
    project.config["models"]["other"] = {"checkpoint": "data/other.pt"}
    project.config["sweep"]["model"] = ["tiny", "other"]


def remove_ensemble(project: Project) -> None:
    project.config["ensembles"] = {"run05": None}


def name_own_values(project: Project) -> None:
    """The corpus' own are those that all corpora had, and all others' are none of its."""
    project.config["corpora"]["tiny"]["sweep"] = {"words": [3, 6], "translation": ["memory"]}
    project.config["sweep"] |= {"words": [9], "translation": ["none"]}


def name_layout(project: Project) -> None:
    project.config["corpora"]["tiny"]["layout"] = "newsimages2021"


def change_weights(project: Project) -> None:
    project.config["ensembles"]["run05"][0]["weight"] = 2.0


def change_k(project: Project) -> None:
    project.config["evaluation"] = {"top": 5, "recall_at": [1, 5]}


def write_ids_as_read(project: Project) -> None:
    project.config["corpora"]["tiny"]["submission_ids"] = "as_read"


def change_resamples(project: Project) -> None:
    project.config["evaluation"] = {"resamples": 500}


def change_what_is_not_used(project: Project) -> None:
    project.config["encoding"] = {"cache": "/elsewhere"}
    project.config["translations"]["memory"]["threads"] = 9
    project.config["corpora"]["other"] = {"pairs": "none.tsv"}


def add_cleaning(project: Project) -> None:
    project.config["sweep"]["cleaning"] = ["paper", "raw"]


def drop_step(project: Project) -> None:
    steps = ["unicode", "whitespace", "lower", "contractions", "segment", "spell"]
    project.config["cleanings"] = {"paper": {"steps": steps}}


def change_translator(project: Project) -> None:
    project.config["sweep"]["translation"] = ["none"]


def add_translations(project: Project, lines: Iterable[str]) -> None:
    with (project.folder / "data/translations.tsv").open("a", encoding="utf-8") as memory:
        memory.writelines(f"{line}\n" for line in lines)


def translate_unneeded(project: Project) -> None:
    add_translations(project, ["Guten Tag\tGood day"])


def translate_otherwise(project: Project) -> None:
    memory = project.folder / "data/translations.tsv"
    lines = memory.read_text("utf-8").splitlines()
    lines[3] = lines[3].split("\t")[0] + "\tSomething else altogether."
    memory.write_text("\n".join(lines) + "\n", "utf-8")


def rows(project: Project) -> list[dict[str, str]]:
    """The corpus' rows, as `make_corpus` made them."""
    return make_corpus(project.folder.parent / "corpus")


def write_rows(project: Project, changed: list[dict[str, str]]) -> None:
    table = project.folder / "data/articles.tsv"
    write_articles(table, changed)
    # As of a file from an archive, whose time is older than all results.
    os.utime(table, (1_000_000_000, 1_000_000_000))


def edit_text(project: Project) -> None:
    changed = rows(project)
    changed[5] |= {"title": "Feuer", "text": "Ein Schiff im Hafen brennt."}
    write_rows(project, changed)
    add_translations(project, ["Feuer\tFire", "Ein Schiff im Hafen brennt.\tA ship burns in port."])


def add_article(project: Project) -> None:
    changed = rows(project)
    new = {"article": "9100", "title": "Sturm", "text": "Ein Schiff", "iid": "new"}
    changed.append(changed[0] | new | {"imgFile": "new.png"})
    write_rows(project, changed)
    add_translations(project, ["Sturm\tStorm", "Ein Schiff\tA ship"])
    draw_photo(project.folder / "data/images/new.png")


def reorder_rows(project: Project) -> None:
    write_rows(project, rows(project)[::-1])


def draw_photo(path: Path) -> None:
    Image.linear_gradient("L").resize((50, 40)).save(path)


def replace_photo(project: Project) -> None:
    path = project.folder / "data/images/photo3.png"
    before = path.stat()
    draw_photo(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def add_unused_photos(project: Project) -> None:
    draw_photo(project.folder / "data/images/unused.png")
    draw_photo(project.folder / "data/images/.hidden.png")
    (project.folder / "data/images/Thumbs.db").write_bytes(b"thumbs")


def name_hidden_photo(project: Project) -> None:
    changed = rows(project)
    changed[3] |= {"imgFile": ".x.png"}
    write_rows(project, changed)
    photos = project.folder / "data/images"
    (photos / "photo3.png").rename(photos / ".x.png")


def replace_hidden_photo(project: Project) -> None:
    draw_photo(project.folder / "data/images/.x.png")


def rename_photo(project: Project) -> None:
    # The table still names photo3.png; a photo is then looked for by its id and the endings.
    photo = project.folder / "data/images/photo3.png"
    photo.rename(photo.with_suffix(".jpg"))


def replace_checkpoint(project: Project) -> None:
    checkpoint = project.folder / "data/tiny.pt"
    make_clip(checkpoint, seed=8)
    os.utime(checkpoint, (1_000_000_000, 1_000_000_000))


def move_checkpoint(project: Project) -> None:
    (project.folder / "elsewhere").mkdir()
    (project.folder / "data/tiny.pt").rename(project.folder / "elsewhere/clip.pt")
    project.config["models"]["tiny"]["checkpoint"] = "elsewhere/clip.pt"


def move_kept_memory(project: Project) -> None:
    (project.folder / "data/translations.tsv").rename(project.folder / "data/memory.tsv")
    project.config["translations"]["memory"]["memory"] = "data/memory.tsv"


FUTURE = 2_220_000_000


def date_in_the_future(project: Project) -> None:
    """As of a zip from another time zone, or of a clock that is wrong: data, code and results."""
    for n, path in enumerate(sorted(project.folder.rglob("*"))):
        if ".snakemake" not in path.relative_to(project.folder).parts:
            os.utime(path, (FUTURE + n * 7 % 1000, FUTURE + n * 7 % 1000))


def edit_text_in_the_future(project: Project) -> None:
    date_in_the_future(project)
    edit_text(project)
    os.utime(project.folder / "data/articles.tsv", (FUTURE, FUTURE))
    os.utime(project.folder / "data/translations.tsv", (FUTURE, FUTURE))


def edit_readme(project: Project) -> None:
    for name in ("README.md", "config/README.md"):
        with (project.folder / name).open("a", encoding="utf-8") as file:
            file.write("\nMore.\n")


def edit_captions(project: Project) -> None:
    for caption in (project.folder / "workflow/report").glob("*.rst"):
        caption.write_text(caption.read_text("utf-8") + "\nMore.\n", "utf-8")


def format_modules(project: Project) -> None:
    """Comments gone, lines broken elsewhere, docstrings others."""
    for module in (project.folder / "workflow/scripts").rglob("*.py"):
        tree = ast.parse(module.read_text("utf-8"))
        if ast.get_docstring(tree):
            tree.body[0] = ast.Expr(ast.Constant("Otherwise."))
        module.write_text(ast.unparse(tree) + "\n# The end.\n", "utf-8")


def edit_module(name: str, old: str = "", new: str = "") -> Callable[[Project], None]:
    """Change the code of a module of `rematch`; without `old` and `new` only add to it."""

    def change(project: Project) -> None:
        module = project.folder / "workflow/scripts/rematch" / name
        code = module.read_text("utf-8")
        assert old in code
        module.write_text(code.replace(old, new) if old else code + "\nADDED = 1\n", "utf-8")

    return change


def upgrade(package: str) -> Callable[[Project], Environment]:
    """Another version of a package, for who asks Python which is installed."""

    def change(project: Project) -> Environment:
        site = project.folder / "site"
        folder = site / f"{package}-99.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 99.0\n")
        return {"PYTHONPATH": str(site)}

    return change


def delete_results(project: Project) -> None:
    shutil.rmtree(project.folder / "results")


def delete(*names: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        for name in names:
            path = project.folder / "results" / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


W3 = "memory.paper.w3.tiny.cosine"
RUN05 = "run05.memory.paper.tiny.cosine"
INTERMEDIATE = (
    "tiny/corpus/articles.parquet",
    "tiny/text/memory/paper/cleaned.parquet",
    "tiny/embeddings/tiny/memory.paper.w3.arrow",
)

ADD_WORDS = Edit(
    "add a word count",
    add_words,
    texts(["all"]) | embedded(["all"]) | matched(["all"]) | TABLES | SETUP,
    said={"embed_texts tiny.tiny.memory": "42 distinct texts, 14 of them new"},
    often=True,
)

NAME_LAYOUT = Edit("name the corpus' layout", name_layout, CORPUS | SETUP)
NAME_HIDDEN_PHOTO = Edit("name a hidden photo", name_hidden_photo, CORPUS)

EDITS = [
    Edit("nothing", nothing, NONE, changes=False),
    Edit("touch every file", touch_everything, NONE, often=True, changes=False),
    Edit("copy without time stamps", copy_everything, NONE, changes=False),
    Edit("date every file in the future", date_in_the_future, NONE, changes=False),
    Edit("edit an article's text, all dated in the future", edit_text_in_the_future, CORPUS),
    ADD_WORDS,
    Edit("drop a word count", drop_words, TABLES | SETUP, first=ADD_WORDS),
    Edit(
        "add a model",
        add_model,
        embedded(model="other")
        | matched(model="other")
        | ensemble(model="other")
        | TABLES
        | SETUP
        | {"embed_images tiny.other"},
    ),
    Edit("change an ensemble's weights", change_weights, ensemble() | TABLES | SETUP, often=True),
    Edit("remove the ensemble with null", remove_ensemble, TABLES | SETUP),
    Edit("give a corpus values of its own", name_own_values, SETUP),
    Edit(
        "change K",
        change_k,
        frozenset(
            f"{rule} tiny.{run}"
            for rule in ("ranking", "submission")
            for run in (W3, W3.replace("3", "6"), RUN05)
        )
        | TABLES
        | SETUP,
    ),
    Edit(
        "change the bootstrap's resamples",
        change_resamples,
        CONCLUDED | SETUP,
    ),
    Edit(
        "ids in submissions as they are read",
        write_ids_as_read,
        frozenset(f"submission tiny.{run}" for run in (W3, W3.replace("3", "6"), RUN05)) | SETUP,
    ),
    Edit("caches, threads in flight, a corpus out of the sweep", change_what_is_not_used, SETUP),
    Edit(
        "add a cleaning variant",
        add_cleaning,
        texts(cleaning="raw")
        | embedded(cleaning="raw")
        | matched(cleaning="raw")
        | ensemble(cleaning="raw")
        | TABLES
        | SETUP
        | {"clean tiny.memory.raw", "cleaning my.tiny", "losses my.tiny"},
    ),
    Edit("turn a cleaning step off", drop_step, CLEANED | SETUP),
    Edit(
        "change the translator",
        change_translator,
        texts(translation="none")
        | embedded(translation="none")
        | matched(translation="none")
        | ensemble(translation="none")
        | TABLES
        | SETUP
        | {"translate tiny.none", "clean tiny.none.paper", "cleaning my.tiny", "losses my.tiny"},
    ),
    Edit(
        "add a translation that no text needs", translate_unneeded, NONE, often=True, changes=False
    ),
    Edit("change a translation that a text needs", translate_otherwise, TRANSLATED),
    Edit(
        "edit an article's text",
        edit_text,
        CORPUS,
        said={
            "corpus tiny": "0 photos to open, 14 known",
            "embed_texts tiny.tiny.memory": "28 distinct texts, 2 of them new",
        },
    ),
    Edit(
        "add an article and its photo",
        add_article,
        CORPUS,
        said={
            "corpus tiny": "1 photos to open, 14 known",
            "embed_texts tiny.tiny.memory": "29 distinct texts, 1 of them new",
            "embed_images tiny.tiny": "15 distinct photos, 1 of them new",
        },
    ),
    Edit(
        "replace a photo's pixels",
        replace_photo,
        PHOTOS,
        often=True,
        said={
            "corpus tiny": "1 photos to open, 13 known",
            "embed_images tiny.tiny": "14 distinct photos, 1 of them new",
        },
    ),
    Edit("add photos that no row names", add_unused_photos, NONE, often=True, changes=False),
    NAME_HIDDEN_PHOTO,
    Edit("replace a hidden photo's pixels", replace_hidden_photo, PHOTOS, first=NAME_HIDDEN_PHOTO),
    Edit(
        "rename a photo's file", rename_photo, PHOTOS, said={"corpus tiny": "0 photos to open, 14"}
    ),
    Edit("re-order the rows", reorder_rows, CORPUS, said={"corpus tiny": "0 photos to open, 14"}),
    Edit("edit READMEs", edit_readme, NONE, changes=False),
    Edit("edit captions", edit_captions, NONE, changes=False),
    Edit("edit a scorer", edit_module("match/scorers/cosine.py"), MATCHED),
    Edit("edit how runs are blended", edit_module("match/blending.py"), ensemble() | TABLES),
    Edit(
        "edit how a submission is written",
        edit_module("match/submissions.py", 'f"{header}\\n"', 'header + "\\n"'),
        frozenset(f"submission tiny.{run}" for run in (W3, W3.replace("3", "6"), RUN05)),
    ),
    Edit("comments, docstrings, formatting", format_modules, NONE, often=True, changes=False),
    Edit(
        "edit how metrics are computed",
        edit_module("evaluate/outcomes.py", "1.0 / np", "0.5 / np"),
        CONCLUDED,
    ),
    Edit(
        "edit how ranks are counted",
        edit_module("evaluate/true_ranks.py"),
        frozenset(f"judge tiny.{run}" for run in (W3, W3.replace("3", "6"), RUN05)) | TABLES,
    ),
    Edit(
        "edit a layout that the corpus may have",
        edit_module("corpus/layouts/newsimages2025.py"),
        CORPUS,
    ),
    Edit(
        "edit a layout that is not the corpus'",
        edit_module("corpus/layouts/newsimages2025.py"),
        NONE,
        first=NAME_LAYOUT,
    ),
    Edit(
        "edit how photos are decoded",
        edit_module("corpus/photos/opening.py"),
        PHOTOS | TEXTS_ENCODED,
    ),
    Edit(
        "edit tally.py",
        edit_module("report/tally.py"),
        frozenset({"losses my.tiny", "table my.tiny"}),
    ),
    Edit("edit clean.py", edit_module("text/cleaning/cleaner.py"), CLEANED),
    Edit("edit an encoder", edit_module("embed/models/openai.py"), PHOTOS_ENCODED | TEXTS_ENCODED),
    Edit("edit plots.py", edit_module("report/plots/words.py"), frozenset({"plots my.tiny"})),
    Edit("replace the checkpoint", replace_checkpoint, PHOTOS_ENCODED | TEXTS_ENCODED),
    Edit("move the checkpoint", move_checkpoint, SETUP),
    Edit("move a kept memory", move_kept_memory, SETUP),
    Edit("upgrade Pillow", upgrade("pillow"), PHOTOS | TEXTS_ENCODED | SETUP),
    Edit("upgrade ftfy", upgrade("ftfy"), CLEANED | SETUP),
    Edit("upgrade Matplotlib", upgrade("matplotlib"), frozenset({"plots my.tiny"}) | SETUP),
    Edit(
        "delete intermediate files",
        delete(*INTERMEDIATE),
        NONE,
        changes=False,
        deleted=INTERMEDIATE,
    ),
    Edit(
        "delete the results of one run",
        delete(f"tiny/runs/{W3}"),
        matched("3") | ensemble() | TABLES,
        changes=False,
    ),
    Edit(
        "delete the results of the ensemble",
        delete(f"tiny/runs/{RUN05}"),
        ensemble() | TABLES,
        changes=False,
    ),
    Edit("delete all results", delete_results, CORPUS | SETUP, changes=False),
]


class Done(NamedTuple):
    """`seconds`: of the run after the edit. `environment`: that the edit asks for."""

    jobs: Jobs
    seconds: float
    environment: Environment | None


def check(edit: Edit, project: Project) -> Done:
    """Make the edit in a finished project and run it: it runs what the edit names, and once."""
    if edit.first is not None:
        check(edit.first, project)
    environment = edit.change(project)
    started = time.monotonic()
    jobs = run(project, environment)
    seconds = time.monotonic() - started
    expected = last(edit.jobs)
    assert jobs == expected, (
        f"{edit.name}: ran needlessly: {sorted(jobs - expected)}; "
        f"did not run: {sorted(expected - jobs)}"
    )
    for job, said in edit.said.items():
        logs = (project.folder / "results/logs").glob(f"{job.replace(' ', '/')}*.log")
        texts = [log.read_text("utf-8") for log in logs]
        assert any(said in text for text in texts), texts
    assert run(project, environment) == NONE, f"{edit.name}: something runs again"
    return Done(jobs, seconds, environment)


def run(project: Project, environment: Environment | None = None) -> Jobs:
    """Run Snakemake to the end; the jobs that ran.

    A job's script opens its log anew. Snakemake's own count of jobs has to agree.
    """
    before = _logs(project)
    said = project.snakemake(env=environment)
    jobs = frozenset(job for job, written in _logs(project).items() if before.get(job) != written)
    counts = [int(n) for n in re.findall(r"^(\d+) of \1 steps \(100%\) done$", said, re.M)]
    assert "Nothing to be done" in said if not counts else counts[-1] == len(jobs) + 1, said[-3000:]
    return jobs


def _logs(project: Project) -> dict[str, tuple[int, int]]:
    folder = project.folder / "results/logs"
    found = {}
    for path in folder.rglob("*.log"):
        rule, *wildcards = path.relative_to(folder).with_suffix("").parts
        stat = path.stat()
        found[" ".join([rule, *wildcards])] = (stat.st_mtime_ns, stat.st_ino)
    return found


def from_scratch(project: Project, folder: Path, environment: Environment | None = None) -> Project:
    """The same code, data and configuration, run in a new folder."""
    ignored = shutil.ignore_patterns("results", ".snakemake", "word_statistics")
    shutil.copytree(project.folder, folder, ignore=ignored)
    scratch = Project(folder, project.config)
    scratch.snakemake(env=environment)
    return scratch


def different(project: Project, scratch: Project, deleted: Iterable[str] = ()) -> list[str]:
    """Results that are not, byte for byte, those of `scratch`; only these are expected to be there.

    Of vectors kept for later runs there may be more: those of `scratch` have to be among them. The
    record of provenance says when and where too; all else in it has to be the same.
    """
    found = []
    for path in sorted((scratch.folder / "results").rglob("*")):
        name = str(path.relative_to(scratch.folder / "results"))
        if not path.is_file() or name in deleted or name.startswith(("logs/", "benchmarks/", ".")):
            continue
        ours = project.folder / "results" / name
        if not ours.is_file():
            found.append(f"{name} is missing")
        elif name.endswith(".vectors.arrow"):
            kept, needed = Store(ours), Store(path)
            keys = sorted(needed.keys)
            if not (kept.keys >= needed.keys and (kept.take(keys) == needed.take(keys)).all()):
                found.append(name)
        elif name.endswith("/provenance.json"):
            here, there = (json.loads(file.read_bytes()) for file in (ours, path))
            if here | {"made": None} != there | {"made": None}:
                found.append(name)
        elif not name.endswith("ro-crate-metadata.json") and ours.read_bytes() != path.read_bytes():
            found.append(name)
    return found
