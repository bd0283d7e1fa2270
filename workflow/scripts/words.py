"""Rule words: cleaned text -> the first N words, as an encoder reads them."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.storage import tables
from rematch.text import query_table

cleaned = tables.read(snakemake.input[0], forms.TEXTS)
words = snakemake.wildcards.words
n = None if words == "all" else int(words)
queries = query_table(cleaned, snakemake.params.cleaning["fields"], n)
tables.write(queries, snakemake.output[0])
