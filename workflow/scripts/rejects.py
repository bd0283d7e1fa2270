"""Rule rejects: what a corpus held and what was refused -> a page of the report."""

from rematch import jobs

jobs.start(snakemake)

from rematch import pages, tables
from rematch.files import write_text

counts = {
    name: tables.read(snakemake.input[name], schema).num_rows
    for name, schema in (
        ("articles", tables.ARTICLES),
        ("images", tables.IMAGES),
        ("qrels", tables.QRELS),
    )
}
rejects = tables.read(snakemake.input.rejects, tables.REJECTS)
write_text(snakemake.output[0], pages.rejects(snakemake.wildcards.corpus, counts, rejects))
