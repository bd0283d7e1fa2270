"""Rule embed_images: the gallery's photos -> vectors by pixels, and embeddings out of them."""

from rematch import jobs

jobs.start(snakemake)

from pathlib import Path

from rematch import tables
from rematch.arrays import Store, write_vectors
from rematch.encode import kept, made_by, photo_embeddings, photo_vectors
from rematch.models import ModelSpec, load

model = {**snakemake.config["models"][snakemake.wildcards.model], "prompt": "{}"}
spec = ModelSpec.from_config(model, snakemake.config["encoding"])
maker = made_by(snakemake.params)
known = kept(Path(snakemake.output.vectors), maker)
images = tables.read(snakemake.input.images, tables.IMAGES)
vectors = photo_vectors(images, known, lambda: load(spec, ["photos"]), spec.threads, maker)
write_vectors(vectors, snakemake.output.vectors)
embeddings = photo_embeddings(images, Store(snakemake.output.vectors))
write_vectors(embeddings, snakemake.output.embeddings)
