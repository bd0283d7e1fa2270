"""Rule plots: metrics and recall curves of all runs of a corpus -> SVG."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.config import describe_runs
from rematch.report import build, by_run, metrics_by_words, read_reference, recall_curves
from rematch.storage import replacing, tables

metrics = tables.read(snakemake.input.metrics, forms.METRICS)
curves = tables.read(snakemake.input.curves, forms.CURVES)
gallery = tables.read(snakemake.input.images, forms.IMAGES).num_rows
reference = read_reference(snakemake.input.get("reference"))
runs = describe_runs(snakemake.config, snakemake.wildcards.corpus)
found = build(metrics, runs, reference, snakemake.wildcards.corpus)
with replacing(snakemake.output.words) as beside:
    beside.write_bytes(metrics_by_words(found))
with replacing(snakemake.output.recall) as beside:
    beside.write_bytes(recall_curves(by_run(curves), found, gallery))
