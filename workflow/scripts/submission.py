"""Rule submission: a run's ranking -> the benchmark's run file."""

from rematch import jobs, tables
from rematch.files import write_text
from rematch.match import submission

jobs.start(snakemake)
ranking = tables.read(snakemake.input[0], tables.RANKING)
write_text(snakemake.output[0], submission(ranking))
