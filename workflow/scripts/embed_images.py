"""Rule embed_images: the gallery's photos -> vectors by pixels, and embeddings out of them."""

from rematch.engine import jobs

jobs.start(snakemake)

from pathlib import Path

from rematch import forms
from rematch.embed import ModelSpec, kept, load, made_by, photo_embeddings, photo_vectors
from rematch.storage import Store, tables, write_vectors

model = {**snakemake.config["models"][snakemake.wildcards.model], "prompt": "{}"}
spec = ModelSpec.from_config(model, snakemake.config["encoding"])
maker = made_by(snakemake.params)
known = kept(Path(snakemake.output.vectors), maker)
images = tables.read(snakemake.input.images, forms.IMAGES)
view = snakemake.params.model["view"]
vectors = photo_vectors(images, known, lambda: load(spec, ["photos"]), spec.threads, maker, view)
write_vectors(vectors, snakemake.output.vectors)
embeddings = photo_embeddings(images, Store(snakemake.output.vectors))
write_vectors(embeddings, snakemake.output.embeddings)
