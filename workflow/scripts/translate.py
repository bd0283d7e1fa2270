"""Rule translate: every article's title and text -> the target language."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.storage import tables
from rematch.text import TranslationOptions, translate_articles

articles = tables.read(snakemake.input.articles, forms.ARTICLES)
translation = snakemake.config["translations"][snakemake.wildcards.translation]
options = TranslationOptions.from_config(translation)
translated, untranslated, _ = translate_articles(articles, options)
tables.write(translated, snakemake.output.translated)
tables.write(untranslated, snakemake.output.untranslated)
