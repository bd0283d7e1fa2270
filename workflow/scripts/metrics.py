"""Rule metrics: a run's two rankings and the truth -> metrics and recall curves."""

from rematch import jobs

jobs.start(snakemake)

from rematch import tables
from rematch.metrics import evaluate_both

metrics, curves = evaluate_both(
    tables.read(snakemake.input.ranking, tables.RANKING),
    tables.read(snakemake.input.image_ranking, tables.IMAGE_RANKING),
    tables.read(snakemake.input.qrels, tables.QRELS),
    run=snakemake.wildcards.run,
    **snakemake.params.evaluation,
)
tables.write(metrics, snakemake.output.metrics, jobs.made_by())
tables.write(curves, snakemake.output.curve, jobs.made_by())
