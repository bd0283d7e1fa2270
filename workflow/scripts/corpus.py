"""Rule corpus: a corpus as published -> its photos, the truth, and what was refused."""

from rematch.engine import jobs

log = jobs.start(snakemake)

from rematch.corpus import (
    CorpusSpec,
    count_table,
    demand_usable,
    known_photos,
    photo_files,
    photo_names,
    read_corpus,
    summary_lines,
    write_photos,
)
from rematch.storage import KEPT, PHOTO_BYTES, UNREAD, Contents, tables

params, output = snakemake.params, snakemake.output
spec = CorpusSpec.from_config(params.files)
hashes = {}
if spec.photos and spec.photos.is_dir():
    named = photo_names(spec)
    found = Contents(KEPT).chosen(spec.photos, lambda all: photo_files(named, all), PHOTO_BYTES)
    hashes = {name: sha for name, sha in found.items() if not sha.startswith(UNREAD)}
made_by = f"{params.code} {params.software}"
known = known_photos(output.photos, made_by)
corpus = read_corpus(spec, snakemake.threads, hashes, known)
for line in summary_lines(corpus):
    log.info(line)
demand_usable(corpus, spec)
for name in ("images", "qrels", "rejects", "unpaired"):
    tables.write(getattr(corpus, name), output[name])
tables.write(count_table(corpus), output.counts)
write_photos(corpus.photos, output.photos, made_by)
