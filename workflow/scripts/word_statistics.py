"""Rule word_statistics: the word counts that segmenter and speller read, made once."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch.text import build_statistics, folder_of

build_statistics(snakemake.params.source[0], folder_of(snakemake.output))
