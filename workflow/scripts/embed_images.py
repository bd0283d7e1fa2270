"""Rule embed_images: the gallery's photos -> embeddings."""

from rematch import jobs

jobs.start(snakemake)

from rematch import tables
from rematch.arrays import write_embeddings
from rematch.encode import encode_photos
from rematch.models import ModelSpec, load

images = tables.read(snakemake.input.images, tables.IMAGES)
spec = ModelSpec.from_config(snakemake.params.model, snakemake.config["encoding"])
embeddings = encode_photos(images, load(spec), spec.threads)
write_embeddings(embeddings, snakemake.output[0])
