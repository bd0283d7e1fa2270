"""Rule articles: a corpus as published -> its articles."""

from rematch import jobs

jobs.start(snakemake)

from rematch import tables
from rematch.corpus import CorpusSpec, read_articles

articles = read_articles(CorpusSpec.from_config(snakemake.params.files))
tables.write(articles, snakemake.output[0])
