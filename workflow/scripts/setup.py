"""Rule setup: configuration and versions -> a page of the report."""

from rematch import jobs, pages
from rematch.files import write_text

jobs.start(snakemake)
ours = ("numbers", "versions")
config = {key: value for key, value in snakemake.config.items() if key not in ours}
write_text(snakemake.output[0], pages.setup(config, snakemake.config["versions"]))
