"""Rule similarity: text and photo embeddings -> scores of every article with every photo."""

from rematch import jobs

jobs.start(snakemake)

from rematch.arrays import read_embeddings, write_similarity
from rematch.match import score

texts = read_embeddings(snakemake.input.texts)
images = read_embeddings(snakemake.input.images)
scores = score(texts, images, snakemake.params.scorer["kind"])
write_similarity(snakemake.output[0], images.ids, scores, jobs.made_by())
