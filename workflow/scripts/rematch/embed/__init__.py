"""From queries and photos to vectors, each encoded once and kept by content.

Sees a query's words and a photo's pixels; no id reaches a model.

Each text is encoded once. A model starts once for the photos and once for each translation, not
once a run: the first job of `embed_texts` that meets a new text encodes what is new of all
cleanings and word counts, while others of that model wait for it; these then take their vectors in
half a second, without torch. So a sweep of 50 runs over 5 word counts, 5 cleanings and 2 models
loads a model 4 times (again for a cleaning that is ready later), and a further word count encodes
what is new and makes its own run. A vector counts as made by its parameters (`encoding.made_by`:
weights, packages, code and config); of others the file starts afresh. The file is no output of a
rule: it serves many runs, and a text added to it would be a reason to make all of them again. Each
of its blocks has a checksum; what a damaged one held is encoded anew when it is needed. (Declared,
and `ancient()` for those who read it, it loses runs: Snakemake 9.27 does not look for reasons in
what depends on a job that has one, and does not pass the reason on through `ancient()`. So no
rule's output is anybody's `ancient()` input.)

Fast towers. `models.towers` computes a CLIP's transformers itself: the texts of an article at
several word counts are beginnings of the longest, and a causal tower computes a beginning once;
padding is not computed, nor what no embedding needs of the last block; oneDNN gets its weights
packed. On a processor each thread computes tiles of its own, from a photo's file to its embedding.
This is instead of exports to ONNX Runtime or OpenVINO, which were measured: within 10 % of it
either way on photos, further from float32 in bfloat16, and 9 to 18 s for an export.
`benchmarks/README.md` has the figures.

The machine's shape changes nothing. Texts and photos go through a model in tiles of a fixed number
of rows, the last one filled up; torch's threads come from the config; products are summed in
float64 in fixed blocks on one thread and rounded once. What remains is the processor's own
arithmetic in a float32 model; `precision: float64` removes that too, and the demo uses it.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.embed.encoding import (
        encode_photos as encode_photos,
        encode_texts as encode_texts,
        kept as kept,
        made_by as made_by,
        missing_texts as missing_texts,
        photo_embeddings as photo_embeddings,
        photo_vectors as photo_vectors,
        text_embeddings as text_embeddings,
        text_vectors as text_vectors,
    )
    from rematch.embed.models import ModelSpec as ModelSpec, grown as grown, load as load
else:
    __getattr__ = handing_on(__name__)
