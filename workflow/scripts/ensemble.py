"""Rule ensemble: several runs' similarities -> their weighted mean."""

from rematch import jobs

jobs.start(snakemake)

from rematch.arrays import Similarity, write_similarity
from rematch.match import blend

weights = [weight for _, weight in snakemake.params.members]
members = [Similarity(path) for path in snakemake.input]
blended = blend(members, weights)
write_similarity(snakemake.output[0], members[0].gallery, blended, jobs.made_by())
