"""Rule table: the metrics of all runs of a corpus -> its table, and the numbers captions quote."""

from rematch.engine import jobs

log = jobs.start(snakemake)

import json

from rematch import forms
from rematch.config import describe_runs
from rematch.report import (
    build,
    from_csv,
    metrics_csv,
    numbers,
    read_reference,
    table_csv,
    table_html,
    table_md,
)
from rematch.storage import tables, write_text

tables.demand_planned(snakemake.input.metrics, jobs.planned(snakemake))
metrics = tables.read_all(snakemake.input.metrics, forms.METRICS)
reference = read_reference(snakemake.input.get("reference"))
runs = describe_runs(snakemake.config, snakemake.wildcards.corpus)
losses = from_csv(snakemake.input.losses)
found = build(metrics, runs, reference, snakemake.wildcards.corpus, losses)
write_text(snakemake.output.csv, table_csv(found))
write_text(snakemake.output.markdown, table_md(found))
write_text(snakemake.output.html, table_html(found))
write_text(snakemake.output.metrics_csv, metrics_csv(metrics))
tables.write(metrics, snakemake.output.metrics_parquet)
write_text(snakemake.output.numbers, json.dumps(numbers(found), indent=1) + "\n")
log.info("\n%s", table_md(found))
