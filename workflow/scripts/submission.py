"""Rule submission: a run's ranking -> the benchmark's run file."""

from rematch import jobs

jobs.start(snakemake)

from rematch import tables
from rematch.files import write_text
from rematch.match import submission

ranking = tables.read(snakemake.input[0], tables.RANKING)
write_text(snakemake.output[0], submission(ranking))
