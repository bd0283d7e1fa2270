"""Rule losses: what reading, translating and cleaning a corpus noted -> what was lost of it."""

from rematch.engine import jobs

log = jobs.start(snakemake)

from pathlib import Path

from rematch import forms
from rematch.report import losses, losses_page, tally
from rematch.storage import tables, write_text

given, params = snakemake.input, snakemake.params
corpus = snakemake.wildcards.corpus
articles = tables.read(given.articles, forms.ARTICLES)
untranslated = [tables.read(path, forms.UNTRANSLATED) for path in given.untranslated]
noted = tally.Noted(
    counts=tally.counts(tables.read(given.counts, forms.COUNTS)),
    rejects=tables.read(given.rejects, forms.REJECTS),
    unpaired=tables.read(given.unpaired, forms.UNPAIRED) if params.truth else None,
    downloads=tables.read(given.downloads, forms.DOWNLOADS) if given.downloads else None,
    articles=articles,
    untranslated=dict(zip(params.languages, untranslated, strict=True)),
    languages=params.languages,
    empty={
        variant: tally.empty_queries(tables.read(path, forms.TEXTS), articles, fields)
        for (variant, fields), path in zip(params.fields.items(), given.cleaned, strict=True)
    },
)
found = tally.losses(noted)
write_text(snakemake.output.csv, losses.to_csv(found))
results = str(Path(snakemake.output.page).parents[2])
write_text(snakemake.output.page, losses_page(corpus, found, noted, results))
log.info(losses.line(found))
if losses.warning(found, corpus, snakemake.output.page):
    log.warning(losses.warning(found, corpus, snakemake.output.page))
