"""Rule embed_texts: every article's query -> embeddings, out of the sweep's vectors."""

from rematch import jobs

jobs.start(snakemake)

from pathlib import Path

from rematch import tables
from rematch.arrays import write_vectors
from rematch.encode import kept, made_by, text_embeddings
from rematch.models import ModelSpec, load

spec = ModelSpec.from_config(snakemake.params.model, snakemake.config["encoding"])
maker = made_by(snakemake.params)
known = kept(Path(snakemake.input.vectors), maker)
queries = tables.read(snakemake.input.queries, tables.QUERIES)
vectors = text_embeddings(queries, known, lambda: load(spec, ["texts"]), maker)
write_vectors(vectors, snakemake.output[0])
