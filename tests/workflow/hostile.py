"""A corpus whose texts and names want to be HTML, templates and markup."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

from tests.tiny import make_corpus, write_articles
from tests.workflow.conftest import CONFIG, Project

# Each is one word, and a letter at its ends keeps cleaning from taking its marks off.
SCRIPT = "x<script>document.title='RAN'</script>y"
IMAGE = "x<img/src='x'/onerror=document.title='RAN'>y"
CLOSING = "x</td></table></pre></text></title><svg/onload=document.title='RAN'>y"
PRODUCT = str(1234567 * 891)
TEMPLATE = "{{1234567*891}}{%raw%}"
MARKUP = "`RAN<javascript:document.title=1>`_"
PHOTOS = "data/photos;touch RAN;$(touch RAN)'\"&"
EVIL = [SCRIPT, IMAGE, CLOSING, TEMPLATE, MARKUP, "\"'&amp;&lt;b&gt;"]


def make_hostile(folder: Path, checkpoint: Path) -> Project:
    """A project that is small, to be run often."""
    project = Project.copied(folder)
    data = folder / "data"
    rows = make_corpus(data)
    shutil.copy2(checkpoint, data / "tiny.pt")
    memory = (data / "translations.tsv").read_text("utf-8")
    for row in rows:
        for word in EVIL:  # in every article, so that it is among the commonest changes
            row["title"] += f" {word.upper()}"
        memory += f"{row['title']}\t{row['title']}\n"
    (data / "translations.tsv").write_text(memory, "utf-8")
    for n, evil in enumerate(EVIL):
        rows.append(rows[0] | {"article": f"evil{n}", "iid": f"{n}{evil}", "imgFile": ""})
        rows.append(rows[1] | {"article": evil, "title": "", "text": ""})
    write_articles(data / "articles.tsv", rows)
    (data / "images").rename(folder / PHOTOS)
    project.config = copy.deepcopy(CONFIG)
    # In captions, which are reStructuredText, a name like this would be a link.
    del project.config["corpora"]["tiny"]
    project.config["corpora"]["tiny_"] = {"pairs": "data/articles.tsv", "photos": PHOTOS}
    project.config["sweep"] |= {"corpus": ["tiny_"], "words": [3]}
    project.config["ensembles"] = {"run05": [{"words": 3, "weight": 1}]}
    project.config["models"]["tiny"]["prompt"] = f"{' '.join(EVIL)} {{}}"
    return project
