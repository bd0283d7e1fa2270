"""Rule clean: translated text -> cleaned text, beside what it was before."""

from rematch.engine import jobs

log = jobs.start(snakemake)

from rematch import forms
from rematch.storage import tables
from rematch.text import Cleaning, changes_table, clean_articles, describe, folder_of, misplaced

texts = tables.read(snakemake.input.texts, forms.TEXTS)
params = snakemake.params
cleaning = Cleaning(tuple(params.cleaning["steps"]), params.cleaning["guard"], params.language)
if doubt := misplaced(cleaning.steps):
    log.warning(f"cleaning {snakemake.wildcards.cleaning}: {doubt}")
statistics = snakemake.input.get("statistics")
cleaned, changes = clean_articles(texts, cleaning, folder_of(statistics) if statistics else None)
for line in describe(changes):
    log.info(line)
tables.write(cleaned, snakemake.output.cleaned)
tables.write(changes_table(changes), snakemake.output.changes)
