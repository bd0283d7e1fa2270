"""Rule words: cleaned text -> the first N words or windows, as an encoder reads them."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.storage import tables
from rematch.text import query_table

cleaned = tables.read(snakemake.input[0], forms.TEXTS)
words, fields = snakemake.wildcards.words, snakemake.params.cleaning["fields"]
queries = query_table(cleaned, fields, words)
tables.write(queries, snakemake.output[0])
