"""Rule judge: similarity and the truth -> the exact rank of every right photo and article."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.corpus import tie_keys
from rematch.evaluate import judge
from rematch.storage import Similarity, tables

articles, images = (
    tables.read(path, forms.only(form, key, "digest"))
    for path, form, key in (
        (snakemake.input.articles, forms.ARTICLES, "article_id"),
        (snakemake.input.images, forms.IMAGES, "image_id"),
    )
)
per_article, per_image = judge(
    Similarity(snakemake.input.similarity),
    tables.read(snakemake.input.qrels, forms.QRELS),
    tie_keys("article", articles),
    tie_keys("photo", images),
)
tables.write(per_article, snakemake.output.articles, jobs.made_by())
tables.write(per_image, snakemake.output.images, jobs.made_by())
