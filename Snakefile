# Re-assign the right photograph to every news article.
# The DAG in words: ARCHITECTURE.md. Every config key: config/README.md.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/text.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/match.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


# On a cluster these run where Snakemake does: they are short, or fetch something.
localrules:
    all,
    articles,
    download,
    word_statistics,
    table,
    plots,
    losses,
    cleaning,
    setup,
    provenance,


rule all:
    default_target: True
    input:
        asked.targets(),


onstart:
    params_as_jobs_find_them(workflow)
    handle_apart(signal.SIGTERM)


onsuccess:
    if not os.environ.get("REMATCH_SCREEN"):  # `make run` says by itself how it ended
        show_tables(CONFIG["sweep"]["corpus"], asked.has_truth)
