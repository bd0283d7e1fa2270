"""From queries and photos to vectors, each encoded once and kept by content.

Sees a query's words and a photo's pixels; no id reaches a model.
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
