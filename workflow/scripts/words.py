"""Rule words: cleaned text -> the first N words, as an encoder reads them."""

from rematch import jobs

jobs.start(snakemake)

from rematch import tables
from rematch.words import query_table

cleaned = tables.read(snakemake.input[0], tables.TEXTS)
words = snakemake.wildcards.words
n = None if words == "all" else int(words)
queries = query_table(cleaned, snakemake.params.cleaning["fields"], n)
tables.write(queries, snakemake.output[0])
