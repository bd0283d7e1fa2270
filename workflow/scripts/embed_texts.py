"""Rule embed_texts: every article's query -> embeddings; what the sweep needs is encoded once."""

from rematch.engine import jobs

jobs.start(snakemake)

from pathlib import Path

from rematch import forms
from rematch.config import points
from rematch.embed import (
    ModelSpec,
    kept,
    load,
    made_by,
    missing_texts,
    text_embeddings,
    text_vectors,
)
from rematch.storage import alone, tables, write_vectors
from rematch.text import sweep_queries

config, output = snakemake.config, Path(snakemake.output[0])
spec = ModelSpec.from_config(config["models"][snakemake.wildcards.model], config["encoding"])
queries = tables.read(snakemake.input.queries, forms.QUERIES)
vectors = output.with_name(f".{snakemake.wildcards.translation}.vectors.arrow")
maker = made_by(snakemake.params)
with alone(vectors):
    while missing_texts(queries, known := kept(vectors, maker)):
        folder = Path(snakemake.input.queries).parents[1]
        axes = (snakemake.wildcards.translation, snakemake.wildcards.model)
        runs = points(config, snakemake.wildcards.corpus)
        ours = [(run.cleaning, run.words) for run in runs if (run.translation, run.model) == axes]
        others = sweep_queries(folder, ours, config["cleanings"])
        texts = (text for table in [queries, *others] for text in table["query"].to_pylist())
        new = text_vectors(texts, known, lambda: load(spec, ["texts"]), maker)
        write_vectors(new, vectors)
        jobs.record(vectors)
write_vectors(text_embeddings(queries, known), output)
