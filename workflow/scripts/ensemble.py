"""Rule ensemble: several runs' similarities -> their weighted mean."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch.match import blend
from rematch.storage import Similarity, read_json, write_similarity

weights = [weight for _, weight in snakemake.params.members]
members = [Similarity(path) for path in snakemake.input.members]
if snakemake.input.get("tuned"):
    chosen = read_json(snakemake.input.tuned[0])["values"]
    weights = [chosen[run] for run, _ in snakemake.params.members]
given = dict(snakemake.params.blend)
blended = blend(members, weights, given.pop("kind"), **given)
write_similarity(snakemake.output[0], members[0].gallery, blended, jobs.made_by())
