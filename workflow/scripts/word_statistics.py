"""Rule word_statistics: the word counts that segmenter and speller read, made once."""

from pathlib import Path

from rematch import jobs
from rematch.wordstats import build

jobs.start(snakemake)
build(snakemake.params.source, Path(snakemake.output[0]))
