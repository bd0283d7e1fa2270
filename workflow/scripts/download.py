"""Rule download: a corpus' photos by URL -> its folder of photos, and which came and which not."""

from rematch import jobs

log = jobs.start(snakemake)

from pathlib import Path

from rematch import tables
from rematch.corpus import CorpusSpec, image_urls
from rematch.download import DownloadOptions, download

corpus = snakemake.config["corpora"][snakemake.wildcards.corpus]
urls = image_urls(CorpusSpec.from_config(corpus))
options = DownloadOptions.from_config(corpus["download"])
report = download(urls, Path(corpus["photos"]), options)
for line in report.lines():
    log.info(line)
tables.write(report.table(), snakemake.output[0])
