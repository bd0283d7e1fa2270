"""Rule encode_texts: the queries of all word counts and cleanings -> vectors by text."""

from rematch import jobs

jobs.start(snakemake)

from pathlib import Path

from rematch import tables
from rematch.arrays import write_vectors
from rematch.encode import kept, made_by, text_vectors
from rematch.models import ModelSpec, load

spec = ModelSpec.from_config(snakemake.params.model, snakemake.config["encoding"])
maker = made_by(snakemake.params)
known = kept(Path(snakemake.output[0]), maker)
queries = [tables.read(path, tables.QUERIES)["query"] for path in snakemake.input.queries]
texts = (text for column in queries for text in column.to_pylist())
vectors = text_vectors(texts, known, lambda: load(spec, ["texts"]), maker)
write_vectors(vectors, snakemake.output[0])
