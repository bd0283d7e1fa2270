"""Rule articles: a corpus as published -> its articles."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch.corpus import CorpusSpec, read_articles
from rematch.storage import tables

articles = read_articles(CorpusSpec.from_config(snakemake.params.files))
tables.write(articles, snakemake.output[0])
