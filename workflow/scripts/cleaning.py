"""Rule cleaning: what each cleaning variant changed -> a page of the report."""

from rematch import jobs

jobs.start(snakemake)

from rematch import pages, tables
from rematch.files import write_text

changes = [tables.read(path, tables.CHANGES) for path in snakemake.input]
variants = dict(zip(snakemake.params.variants, changes, strict=True))
write_text(snakemake.output[0], pages.cleaning(snakemake.wildcards.corpus, variants))
