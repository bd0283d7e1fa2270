"""Rule embed_texts: every article's query -> embeddings."""

from rematch import jobs

jobs.start(snakemake)

from rematch import tables
from rematch.arrays import write_embeddings
from rematch.encode import encode_texts
from rematch.models import ModelSpec, load

queries = tables.read(snakemake.input.queries, tables.QUERIES)
spec = ModelSpec.from_config(snakemake.params.model, snakemake.config["encoding"])
write_embeddings(encode_texts(queries, load(spec)), snakemake.output[0])
