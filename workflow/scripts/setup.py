"""Rule setup: configuration and versions -> a page of the report."""

from rematch import jobs, pages
from rematch.files import write_text

jobs.start(snakemake)
write_text(snakemake.output[0], pages.setup(snakemake.params.config, snakemake.params.versions))
