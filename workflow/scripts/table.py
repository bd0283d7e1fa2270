"""Rule table: the metrics of all runs of a corpus -> its table, and the numbers captions quote."""

from rematch import jobs

log = jobs.start(snakemake)

import json

import pyarrow as pa

from rematch import results, tables
from rematch.config import describe_runs
from rematch.files import write_text

files, runs = snakemake.input, describe_runs(snakemake.config)
found = results.read(files.metrics, runs, files.get("reference"), snakemake.wildcards.corpus)
write_text(snakemake.output.csv, results.table_csv(found))
write_text(snakemake.output.markdown, results.table_md(found))
write_text(snakemake.output.html, results.table_html(found))
metrics = pa.concat_tables([tables.read(path, tables.METRICS) for path in files.metrics])
write_text(snakemake.output.metrics_csv, results.metrics_csv(metrics))
tables.write(metrics, snakemake.output.metrics_parquet)
write_text(snakemake.output.numbers, json.dumps(results.numbers(found), indent=1) + "\n")
log.info("\n%s", results.table_md(found))
