"""Rule word_statistics: the word counts that segmenter and speller read, made once."""

from rematch import jobs

jobs.start(snakemake)

from pathlib import Path

from rematch.wordstats import build

build(snakemake.params.source[0], Path(snakemake.output[0]))
