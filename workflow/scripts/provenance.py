"""Rule provenance: all that the run made -> what each number rests on."""

from rematch.engine import jobs

jobs.start(snakemake)

import json

from rematch.engine import crate, dag, machine, provenance
from rematch.storage import write_text

ours = ("made_by", "notes", "numbers", "versions")
config = {key: value for key, value in snakemake.config.items() if key not in ours}
with dag.planned(config=config, notes=snakemake.config["notes"], judging=False) as workflow:
    planned = [job for job in dag.jobs(workflow) if job.rule != snakemake.rule]
found = provenance.record(
    planned,
    config,
    machine.environment(snakemake.config["versions"]),
    provenance.earlier(snakemake.output.record),
)
write_text(snakemake.output.record, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
write_text(snakemake.output.crate, json.dumps(crate.metadata(found), indent=1) + "\n")
