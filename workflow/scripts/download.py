"""Rule download: a corpus' photos by URL -> its folder of photos, and which came and which not."""

from rematch.engine import jobs

log = jobs.start(snakemake)

from pathlib import Path

from rematch.corpus import CorpusSpec, DownloadOptions, download, wanted_photos
from rematch.storage import tables

corpus = snakemake.config["corpora"][snakemake.wildcards.corpus]
urls, naming = wanted_photos(CorpusSpec.from_config(corpus))
options = DownloadOptions.from_config(corpus["download"])
report = download(urls, Path(corpus["photos"]), options, naming)
for line in report.lines():
    log.info(line)
tables.write(report.table(), snakemake.output[0])
