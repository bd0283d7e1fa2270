"""Rule setup: configuration and versions -> a page of the report."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch.report import pages
from rematch.storage import write_text

ours = ("made_by", "notes", "numbers", "results", "versions")
config = {key: value for key, value in snakemake.config.items() if key not in ours}
found = pages.setup(config, snakemake.config["versions"], snakemake.config["notes"])
write_text(snakemake.output[0], found)
