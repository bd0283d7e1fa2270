"""Rule submission: a run's ranking -> the benchmark's run file."""

from rematch.engine import jobs

log = jobs.start(snakemake)

from rematch import forms
from rematch.corpus import submission_ids
from rematch.match import submission
from rematch.storage import tables, write_text

columns = forms.only(forms.RANKING, "article_id", "rank", "image_id")
ranking = tables.read(snakemake.input.ranking, columns)
written, said = submission_ids(snakemake.input.articles, snakemake.params.ids)
if said:
    log.info(said)
write_text(snakemake.output[0], submission(ranking, written=written))
