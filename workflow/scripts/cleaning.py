"""Rule cleaning: what each cleaning variant changed -> a page of the report."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.report import pages
from rematch.storage import tables, write_text

changes = [tables.read(path, forms.CHANGES) for path in snakemake.input]
variants = dict(zip(snakemake.params.variants, changes, strict=True))
write_text(snakemake.output[0], pages.cleaning(snakemake.wildcards.corpus, variants))
