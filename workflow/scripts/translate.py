"""Rule translate: every article's title and text -> the target language."""

from rematch import jobs

jobs.start(snakemake)

from rematch import tables
from rematch.translate import translate_articles
from rematch.translators.base import TranslationOptions

articles = tables.read(snakemake.input.articles, tables.ARTICLES)
translation = snakemake.config["translations"][snakemake.wildcards.translation]
options = TranslationOptions.from_config(translation)
translated, untranslated, _ = translate_articles(articles, options)
tables.write(translated, snakemake.output.translated)
tables.write(untranslated, snakemake.output.untranslated)
