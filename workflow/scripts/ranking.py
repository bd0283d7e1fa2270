"""Rule ranking: similarity -> every article's best photos, and every photo's best articles."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.corpus import tie_keys
from rematch.match import rank_both
from rematch.storage import Similarity, tables

articles, images = (
    tables.read(path, forms.only(form, key, "digest"))
    for path, form, key in (
        (snakemake.input.articles, forms.ARTICLES, "article_id"),
        (snakemake.input.images, forms.IMAGES, "image_id"),
    )
)
ranking, image_ranking = rank_both(
    Similarity(snakemake.input.similarity),
    tie_keys("article", articles),
    tie_keys("photo", images),
    snakemake.params.top,
)
tables.write(ranking, snakemake.output.ranking, jobs.made_by())
tables.write(image_ranking, snakemake.output.image_ranking, jobs.made_by())
