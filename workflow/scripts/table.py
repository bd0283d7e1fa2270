"""Rule table: a corpus' conclusions -> its table in every form, and what captions quote."""

from rematch.engine import jobs

log = jobs.start(snakemake)

from rematch import forms
from rematch.config import describe_runs
from rematch.report import (
    build,
    from_csv,
    numbers_json,
    read_reference,
    table_csv,
    table_html,
    table_md,
    table_tex,
)
from rematch.storage import read_json, tables, write_text

source, output = snakemake.input, snakemake.output
found = build(
    tables.read(source.metrics, forms.METRICS),
    describe_runs(snakemake.config, snakemake.wildcards.corpus),
    read_reference(source.get("reference")),
    snakemake.wildcards.corpus,
    from_csv(source.losses),
    tables.read(source.comparisons, forms.COMPARISONS),
    tables.read(source.hypotheses, forms.HYPOTHESES),
    read_json(source.conclusions),
    snakemake.params.sort,
    strata=tables.read(source.strata, forms.STRATA),
    diagnosis=tables.read(source.diagnosis, forms.DIAGNOSIS),
    chosen=[read_json(path) for path in source.get("chosen") or []],
)
for name, drawn in zip(output.keys(), (table_csv, table_md, table_html, table_tex), strict=False):
    write_text(output[name], drawn(found))
write_text(output.numbers, numbers_json(found))
log.info("\n%s", table_md(found))
