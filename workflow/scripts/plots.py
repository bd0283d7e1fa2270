"""Rule plots: metrics and recall curves of all runs of a corpus -> SVG."""

import pyarrow as pa

from rematch import jobs, plots, results, tables
from rematch.config import describe_runs
from rematch.files import replacing

jobs.start(snakemake)
metrics = pa.concat_tables([tables.read(path, tables.METRICS) for path in snakemake.input.metrics])
curves = pa.concat_tables([tables.read(path, tables.CURVES) for path in snakemake.input.curves])
gallery = tables.read(snakemake.input.images, tables.IMAGES).num_rows
reference = snakemake.input.get("reference")
found = results.build(
    metrics,
    describe_runs(snakemake.config),
    results.read_reference(reference) if reference else (),
    snakemake.wildcards.corpus,
)
with replacing(snakemake.output.words) as beside:
    beside.write_bytes(plots.metrics_by_words(found))
with replacing(snakemake.output.recall) as beside:
    beside.write_bytes(plots.recall_curves(plots.by_run(curves), found, gallery))
