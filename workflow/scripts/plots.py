"""Rule plots: metrics and recall curves of all runs of a corpus -> SVG."""

from rematch import jobs

jobs.start(snakemake)

from rematch import plots, results, tables
from rematch.files import replacing
from rematch.sweep import describe_runs

tables.demand_planned(snakemake.input.metrics, jobs.planned(snakemake))
metrics = tables.read_all(snakemake.input.metrics, tables.METRICS)
curves = tables.read_all(snakemake.input.curves, tables.CURVES)
gallery = tables.read(snakemake.input.images, tables.IMAGES).num_rows
reference = results.read_reference(snakemake.input.get("reference"))
runs = describe_runs(snakemake.config, snakemake.wildcards.corpus)
found = results.build(metrics, runs, reference, snakemake.wildcards.corpus)
with replacing(snakemake.output.words) as beside:
    beside.write_bytes(plots.metrics_by_words(found))
with replacing(snakemake.output.recall) as beside:
    beside.write_bytes(plots.recall_curves(plots.by_run(curves), found, gallery))
