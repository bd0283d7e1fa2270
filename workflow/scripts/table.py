"""Rule table: the metrics of all runs of a corpus -> its table, and the numbers captions quote."""

from rematch import jobs

log = jobs.start(snakemake)

import json

from rematch import results, tables
from rematch.files import write_text
from rematch.losses import from_csv
from rematch.sweep import describe_runs

tables.demand_planned(snakemake.input.metrics, jobs.planned(snakemake))
metrics = tables.read_all(snakemake.input.metrics, tables.METRICS)
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
