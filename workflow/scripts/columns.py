"""Rule columns: a corpus as published -> the columns that its articles are parted by."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch.corpus import CorpusSpec, read_columns
from rematch.storage import tables

files = dict(snakemake.params.files)
names = files.pop("strata")
tables.write(read_columns(CorpusSpec.from_config(files), names), snakemake.output[0])
