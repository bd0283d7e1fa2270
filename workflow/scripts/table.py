"""Rule table: the metrics of all runs of a corpus -> its table, and the numbers captions quote."""

from rematch.engine import jobs

log = jobs.start(snakemake)

import json

from rematch import forms
from rematch.config import describe_runs
from rematch.report import from_csv, results
from rematch.storage import tables, write_text

tables.demand_planned(snakemake.input.metrics, jobs.planned(snakemake))
metrics = tables.read_all(snakemake.input.metrics, forms.METRICS)
reference = results.read_reference(snakemake.input.get("reference"))
runs = describe_runs(snakemake.config, snakemake.wildcards.corpus)
losses = from_csv(snakemake.input.losses)
found = results.build(metrics, runs, reference, snakemake.wildcards.corpus, losses)
write_text(snakemake.output.csv, results.table_csv(found))
write_text(snakemake.output.markdown, results.table_md(found))
write_text(snakemake.output.html, results.table_html(found))
write_text(snakemake.output.metrics_csv, results.metrics_csv(metrics))
tables.write(metrics, snakemake.output.metrics_parquet)
write_text(snakemake.output.numbers, json.dumps(results.numbers(found), indent=1) + "\n")
log.info("\n%s", results.table_md(found))
