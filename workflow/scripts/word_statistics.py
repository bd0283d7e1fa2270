"""Rule word_statistics: the word counts that segmenter and speller read, made once."""

from rematch import jobs

jobs.start(snakemake)

from rematch.wordstats import build, folder_of

build(snakemake.params.source[0], folder_of(snakemake.output))
