# The way in, beside which Snakemake finds its profile. Rules and targets: workflow/Snakefile.
include: "workflow/Snakefile"


# An included file's default target does not count by itself.
workflow.default_target = "all"
