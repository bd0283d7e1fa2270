"""The page that says what each result holds: docs/data.md, from the forms of the artifacts."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pyarrow as pa

from rematch import forms

TABLES = {
    "ARTICLES": "results/<corpus>/corpus/articles.parquet",
    "IMAGES": "results/<corpus>/corpus/images.parquet",
    "PHOTOS": "results/<corpus>/corpus/photos.parquet",
    "DOWNLOADS": "results/<corpus>/corpus/downloads.parquet",
    "QRELS": "results/<corpus>/corpus/qrels.parquet",
    "REJECTS": "results/<corpus>/corpus/rejects.parquet",
    "COUNTS": "results/<corpus>/corpus/counts.parquet",
    "COLUMNS": "results/<experiment>/<corpus>/columns.parquet",
    "UNPAIRED": "results/<corpus>/corpus/unpaired.parquet",
    "TEXTS": "results/<corpus>/text/<translation>/translated.parquet and "
    "results/<corpus>/text/<translation>/<cleaning>/cleaned.parquet",
    "UNTRANSLATED": "results/<corpus>/text/<translation>/untranslated.parquet",
    "CHANGES": "results/<corpus>/text/<translation>/<cleaning>/changes.parquet",
    "QUERIES": "results/<corpus>/text/<translation>/<cleaning>/w<N>.parquet",
    "RANKING": "results/<corpus>/runs/<run>/ranking.parquet",
    "IMAGE_RANKING": "results/<corpus>/runs/<run>/image_ranking.parquet",
    "PER_ARTICLE": "results/<corpus>/runs/<run>/per_article.parquet",
    "PER_IMAGE": "results/<corpus>/runs/<run>/per_image.parquet",
    "METRICS": "results/<experiment>/<corpus>/metrics.parquet",
    "COMPARISONS": "results/<experiment>/<corpus>/comparisons.parquet",
    "HYPOTHESES": "results/<experiment>/<corpus>/hypotheses.parquet",
    "STRATA": "results/<experiment>/<corpus>/strata.parquet",
    "DIAGNOSIS": "results/<experiment>/<corpus>/diagnosis.parquet",
    "HUBS": "results/<experiment>/<corpus>/hubs.parquet",
    "AGREEMENT": "results/<experiment>/<corpus>/agreement.parquet",
    "CURVES": "results/<experiment>/<corpus>/recall_curves.parquet",
}

MEANING = {
    "article_id": "an article's id",
    "image_id": "a photo's id",
    "title": "the article's title, after the step",
    "text": "the article's text, after the step",
    "source_title": "the title before the step",
    "source_text": "the text before the step",
    "digest": "SHA-256 of the content; orders rows and breaks ties",
    "sha256": "SHA-256 of the file",
    "file": "path or name of the file",
    "line": "line in the file, from 1",
    "kind": "see above",
    "id": "id of the row",
    "reason": "why, for a person",
    "name": "what is counted",
    "rows": "number of rows",
    "field": "title or text",
    "step": "cleaning step",
    "texts": "texts that the step changed",
    "tokens": "words that it changed",
    "before": "a word or words before the step",
    "after": "what became of them",
    "count": "how often",
    "query": "the text that is encoded",
    "rank": "place in the list, from 1",
    "score": "the scorer's score; higher is better",
    "run": "name of the run",
    "direction": "text-to-image or image-to-text",
    "metric": "MRR@K or R@k",
    "value": "mean over the queries, 0 to 1",
    "low": "lower end of the 95 % interval",
    "high": "upper end of the 95 % interval",
    "n": "number of queries",
    "k": "cut-off",
    "recall": "mean recall@k, 0 to 1",
    "skewness": "of the 10-occurrence; 0 without hubs",
    "never": "share of the photos, 0 to 1",
    "cut": "share of the texts, 0 to 1",
    "temperature": "in units of the score",
    "calibration_error": "0 to 1; 0 is best",
    "brier": "0 to 1; 0 is best",
    "sure": "mean probability",
    "right": "share of the articles, 0 to 1",
    "occurrences": "number of articles",
    "overlap": "0 to 1",
    "column": "name in the header",
    "relevant": "right documents of the query",
    "reciprocal_rank": "1 / rank; 0 without a rank",
    "ranks": "places of all right documents, ascending",
    "margin": "best score less the second best",
    "other": "the run that is subtracted",
    "family": "what the runs are compared for",
    "difference": "of the means",
    "p": "p-value",
    "p_holm": "p-value, corrected for the family",
    "effect": "difference in standard deviations",
    "question": "what is asked",
    "subject": "of what it is asked",
    "answer": "yes, no or cannot tell",
    "estimate": "difference, or change from step to step",
    "pairs": "pairs of runs, or steps",
    "values": "means that are compared",
    "by": "what articles are parted by",
    "stratum": "which part",
}

HEAD = """# What the results hold

Every table is Parquet or Arrow, keyed by ids that are strings: join tables by id, never by
position. This page is made from the forms in `rematch/forms.py` by `make docs`.

Read them with any of these, one line each:

```python
ranking = pandas.read_parquet("results/demo/runs/RUN/ranking.parquet")
```

```python
ranking = polars.read_parquet("results/demo/runs/RUN/ranking.parquet")
```

```sql
SELECT * FROM 'results/demo/runs/RUN/ranking.parquet' WHERE rank = 1;  -- DuckDB
```

```r
ranking <- arrow::read_parquet("results/demo/runs/RUN/ranking.parquet")
```
"""

ARROW = """## Embeddings: results/<corpus>/embeddings/<model>/*.arrow

Arrow IPC, to be memory-mapped: `pyarrow.ipc.open_file(pyarrow.memory_map(path)).read_all()`. The
schema's metadata name model, checkpoint's SHA-256 and precision.

| column | type | meaning |
|---|---|---|
| `id` | string | article's or photo's id |
| `embedding` | fixed_size_list<float>[d] | vector of L2 norm 1 |

## Similarities: results/<corpus>/runs/<run>/similarity.arrow

Arrow IPC. The gallery's ids stand once, in the schema's metadata, in the order of a row's scores.

| column | type | meaning |
|---|---|---|
| `article_id` | string | an article's id |
| `scores` | fixed_size_list<float>[m] | its score with each photo |
"""


def data_page() -> str:
    """The page in Markdown."""
    return "\n".join([HEAD, *_tables(), ARROW])


def _tables() -> Iterator[str]:
    said = _said()
    for name, path in TABLES.items():
        schema: pa.Schema = getattr(forms, name)
        yield f"## {path}\n\n{' '.join(said[name].split())}\n"
        yield "| column | type | meaning |\n|---|---|---|"
        for field in schema:
            yield f"| `{field.name}` | {field.type} | {MEANING[field.name]} |"
        yield ""


def _said() -> dict[str, str]:
    """What stands under each constant of `forms`."""
    body = ast.parse(inspect.getsource(forms)).body
    found = {}
    for line, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            text = after.value if isinstance(after, ast.Expr) else None
            is_text = isinstance(text, ast.Constant) and isinstance(text.value, str)
            found[line.targets[0].id] = str(text.value) if is_text else ""  # type: ignore[union-attr]
    return found
