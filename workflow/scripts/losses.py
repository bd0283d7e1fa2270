"""Rule losses: what reading, translating and cleaning a corpus noted -> what was lost of it."""

from rematch import jobs

log = jobs.start(snakemake)

from rematch import losses, tables, tally
from rematch.files import write_text
from rematch.losses_page import losses_page

given, params = snakemake.input, snakemake.params
corpus = snakemake.wildcards.corpus
articles = tables.read(given.articles, tables.ARTICLES)
untranslated = [tables.read(path, tables.UNTRANSLATED) for path in given.untranslated]
noted = tally.Noted(
    counts=tally.counts(tables.read(given.counts, tables.COUNTS)),
    rejects=tables.read(given.rejects, tables.REJECTS),
    unpaired=tables.read(given.unpaired, tables.UNPAIRED) if params.truth else None,
    downloads=tables.read(given.downloads, tables.DOWNLOADS) if given.downloads else None,
    articles=articles,
    untranslated=dict(zip(params.languages, untranslated, strict=True)),
    languages=params.languages,
    empty={
        variant: tally.empty_queries(tables.read(path, tables.TEXTS), articles, fields)
        for (variant, fields), path in zip(params.fields.items(), given.cleaned, strict=True)
    },
)
found = tally.losses(noted)
write_text(snakemake.output.csv, losses.to_csv(found))
write_text(snakemake.output.page, losses_page(corpus, found, noted))
log.info(losses.line(found))
if losses.warning(found, corpus):
    log.warning(losses.warning(found, corpus))
