"""Rule provenance: all that the run made -> what each number rests on."""

from rematch.engine import jobs

jobs.start(snakemake)

import json

from rematch.engine import crate, dag, machine, provenance
from rematch.storage import write_text

ours = ("made_by", "notes", "numbers", "results", "versions")
config = {key: value for key, value in snakemake.config.items() if key not in ours}
results, notes = snakemake.config["results"], snakemake.config["notes"]
with dag.planned(config=config, notes=notes, judging=False, results=results) as workflow:
    named = snakemake.rule.replace("provenance", "{}")
    planned = [job for job in dag.jobs(workflow, named) if job.rule != snakemake.rule]
found = provenance.record(
    planned,
    config,
    machine.environment(snakemake.config["versions"]),
    provenance.earlier(snakemake.output.record),
    results,
)
write_text(snakemake.output.record, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
write_text(snakemake.output.crate, json.dumps(crate.metadata(found, results), indent=1) + "\n")
