"""Rule weigh: runs' scores and the truth of a corpus -> the weights that find most there."""

from rematch.engine import jobs

jobs.start(snakemake)

from rematch import forms
from rematch.corpus import tie_keys
from rematch.evaluate import chosen_json, curve_csv, first_of, folds_of, truth_of, weigh
from rematch.match import Given, blend, where_stand
from rematch.storage import Similarity, tables, write_text

articles, images = (
    tables.read(path, forms.only(form, key, "digest"))
    for path, form, key in (
        (snakemake.input.articles, forms.ARTICLES, "article_id"),
        (snakemake.input.images, forms.IMAGES, "image_id"),
    )
)
ties = tie_keys("article", articles), tie_keys("photo", images)
members = [Similarity(path) for path in snakemake.input.members]
names = [run for run, _ in snakemake.params.members]
how, tuned = snakemake.params.blend, snakemake.params.tuned
first, metric = members[0], tuned["metric"]
pairs = truth_of(tables.read(snakemake.input.qrels, forms.QRELS), first.article_ids, first.gallery)


def tried(weights):
    blended = Given(first.article_ids, first.gallery, lambda: blend(members, weights, **how))
    return first_of(pairs, where_stand(blended, pairs, *ties).among_images, metric)


found = weigh(names, tried, folds_of(pairs, articles), tuned["weights"] == "one")
run, corpus = snakemake.wildcards.run, snakemake.wildcards.corpus
write_text(snakemake.output.chosen, chosen_json(found, run, metric, corpus))
write_text(snakemake.output.curve, curve_csv(found, metric))
