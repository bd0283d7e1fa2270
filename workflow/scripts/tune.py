"""Rule tune: embeddings and the truth of a corpus -> the parameters that find most there."""

from rematch.engine import jobs

jobs.start(snakemake)

from pathlib import Path

from rematch import forms
from rematch.corpus import tie_keys
from rematch.evaluate import choose, chosen_json, curve_csv, first_of, truth_of
from rematch.match import scored, where_stand
from rematch.storage import read_embeddings, tables, write_text

articles, images = (
    tables.read(path, forms.only(form, key, "digest"))
    for path, form, key in (
        (snakemake.input.articles, forms.ARTICLES, "article_id"),
        (snakemake.input.images, forms.IMAGES, "image_id"),
    )
)
ties = tie_keys("article", articles), tie_keys("photo", images)
texts, gallery = (read_embeddings(snakemake.input[name]) for name in ("texts", "gallery"))
bank = read_embeddings(snakemake.input.bank[0]) if snakemake.input.get("bank") else None
given = {**snakemake.params.scorer, "bank": bank}
kind, tuned = given.pop("kind"), snakemake.params.tuned
pairs = truth_of(tables.read(snakemake.input.qrels, forms.QRELS), texts.ids, gallery.ids)


def tried(values):
    stands = where_stand(scored(texts, gallery, kind, **{**given, **values}), pairs, *ties)
    return first_of(pairs, stands.among_images, tuned["metric"])


found = choose(tuned["grid"], tried)
output, metric, corpus = snakemake.output, tuned["metric"], snakemake.wildcards.corpus
run = Path(output.chosen).parent.name
write_text(output.chosen, chosen_json(found, run, metric, corpus))
write_text(output.curve, curve_csv(found, metric))
