"""Rule conclude: how every run did by every article and photo -> metrics, comparisons, answers."""

from rematch.engine import jobs

jobs.start(snakemake)

import json

from rematch import forms
from rematch.config import comparison_plan
from rematch.evaluate import Plan, by_column, conclude
from rematch.report import metrics_csv
from rematch.storage import tables, write_text

source, output = snakemake.input, snakemake.output
tables.demand_planned([*source.per_article, *source.per_image], jobs.planned(snakemake))
plan = Plan.of(comparison_plan(snakemake.config, snakemake.wildcards.corpus))
names = [run.run for run in plan.runs]
found = conclude(
    {n: tables.read(p, forms.PER_ARTICLE) for n, p in zip(names, source.per_article, strict=True)},
    {n: tables.read(p, forms.PER_IMAGE) for n, p in zip(names, source.per_image, strict=True)},
    tables.read(source.qrels, forms.QRELS),
    tables.read(source.articles, forms.ARTICLES),
    tables.read(source.images, forms.IMAGES),
    plan,
    by_column(tables.read_all(source.get("columns") or [], forms.COLUMNS)),
    threads=snakemake.threads,
    **snakemake.params.evaluation,
)
for name in ("metrics", "curves", "comparisons", "hypotheses", "strata"):
    tables.write(getattr(found, name), output[name])
write_text(output.metrics_csv, metrics_csv(found.metrics))
write_text(output.conclusions, json.dumps(found.facts, indent=1, ensure_ascii=False) + "\n")
