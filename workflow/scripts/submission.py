"""Rule submission: a run's ranking -> the benchmark's run file."""

from rematch import jobs

log = jobs.start(snakemake)

from rematch import tables
from rematch.corpus import submission_ids
from rematch.files import write_text
from rematch.match import submission

ranking = tables.read(snakemake.input.ranking, tables.RANKING)
written, said = submission_ids(snakemake.input.articles, snakemake.params.ids)
if said:
    log.info(said)
write_text(snakemake.output[0], submission(ranking, written=written))
