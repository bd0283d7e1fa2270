"""Rule diagnose: the rankings of all runs of a corpus -> what ails them, and how alike they are."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.config import Asked, describe_runs
from rematch.evaluate import cut_texts, diagnose
from rematch.storage import metadata_of, tables

source, output = snakemake.input, snakemake.output
tables.demand_planned([*source.rankings, *source.per_article], jobs.planned(snakemake))
runs = describe_runs(snakemake.config, snakemake.wildcards.corpus)
names = [run["run"] for run in runs]
articles = tables.read(source.articles, forms.only(forms.ARTICLES, "article_id", "digest"))
images = tables.read(source.images, forms.only(forms.IMAGES, "image_id"))
rankings, judged = (
    {n: tables.read(p, form) for n, p in zip(names, paths, strict=True)}
    for paths, form in (
        (source.rankings, forms.RANKING),
        (source.per_article, forms.PER_ARTICLE),
    )
)
embedded = Asked(snakemake.config).embedded(snakemake.wildcards.corpus)
files = dict(zip(dict.fromkeys(embedded.values()), source.embeddings, strict=True))
found = diagnose(
    rankings,
    judged,
    dict(zip(articles["article_id"].to_pylist(), articles["digest"].to_pylist(), strict=True)),
    images["image_id"].to_pylist(),
    cut_texts(runs, {run: int(metadata_of(files[path])["cut"]) for run, path in embedded.items()}),
)
for table, path in zip(found, (output.diagnosis, output.hubs, output.agreement), strict=True):
    tables.write(table, path)
