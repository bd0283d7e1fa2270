"""Rule plots: metrics and recall curves of all runs of a corpus -> SVG."""

from rematch import jobs

jobs.start(snakemake)

import pyarrow as pa

from rematch import plots, results, tables
from rematch.config import describe_runs
from rematch.files import replacing

files, runs = snakemake.input, describe_runs(snakemake.config)
found = results.read(files.metrics, runs, files.get("reference"), snakemake.wildcards.corpus)
curves = pa.concat_tables([tables.read(path, tables.CURVES) for path in files.curves])
gallery = tables.read(files.images, tables.IMAGES).num_rows
with replacing(snakemake.output.words) as beside:
    beside.write_bytes(plots.metrics_by_words(found))
with replacing(snakemake.output.recall) as beside:
    beside.write_bytes(plots.recall_curves(plots.by_run(curves), found, gallery))
