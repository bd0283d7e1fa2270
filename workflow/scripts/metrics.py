"""Rule metrics: a run's two rankings and the truth -> metrics and recall curves."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.evaluate import evaluate_both
from rematch.storage import tables

metrics, curves = evaluate_both(
    tables.read(snakemake.input.ranking, forms.RANKING),
    tables.read(snakemake.input.image_ranking, forms.IMAGE_RANKING),
    tables.read(snakemake.input.qrels, forms.QRELS),
    run=snakemake.wildcards.run,
    **snakemake.params.evaluation,
)
tables.write(metrics, snakemake.output.metrics, jobs.made_by())
tables.write(curves, snakemake.output.curve, jobs.made_by())
