"""Rule corpus: a corpus as published -> articles, photos, the truth, and what was refused."""

from rematch import jobs

log = jobs.start(snakemake)

from rematch import tables
from rematch.corpus import CorpusSpec, read_corpus, summary_lines

corpus = read_corpus(CorpusSpec.from_config(snakemake.params.files), snakemake.threads)
for line in summary_lines(corpus):
    log.info(line)
for name in ("articles", "images", "qrels", "rejects"):
    tables.write(getattr(corpus, name), snakemake.output[name])
