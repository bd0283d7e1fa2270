"""Rule similarity: text and photo embeddings -> scores of every article with every photo."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch.match import score
from rematch.storage import read_embeddings, read_json, write_similarity

texts = read_embeddings(snakemake.input.texts)
images = read_embeddings(snakemake.input.images)
bank = read_embeddings(snakemake.input.bank[0]) if snakemake.input.get("bank") else None
given = {**snakemake.params.scorer, "bank": bank}
if snakemake.input.get("tuned"):
    given |= read_json(snakemake.input.tuned[0])["values"]
scores = score(texts, images, given.pop("kind"), **given)
write_similarity(snakemake.output[0], images.ids, scores, jobs.made_by())
