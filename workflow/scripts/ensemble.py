"""Rule ensemble: several runs' similarities -> their weighted mean."""

from rematch import jobs
from rematch.arrays import Similarity, write_similarity
from rematch.match import blend

jobs.start(snakemake)
members = [Similarity(path) for path in snakemake.input]
write_similarity(snakemake.output[0], members[0].gallery, blend(members, snakemake.params.weights))
