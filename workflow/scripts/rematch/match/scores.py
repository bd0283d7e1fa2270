"""What holds scores, for those who read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rematch.errors import UserError
from rematch.forms import Float32, Scored


class Scores(Scored, Protocol):
    """Scores of every article with every photo of a gallery, of which any can be asked for."""

    def take(self, articles: Sequence[str], gallery: Sequence[str]) -> Float32:
        """The scores of these articles and photos: float32 [len(articles), len(gallery)]."""


def demand_finite(block: Float32, articles: Sequence[str], images: Sequence[str]) -> Float32:
    """The block, float32 [b, m].

    Raises:
        UserError: a score is NaN or infinite; it names the article and the photo.
    """
    finite = np.isfinite(block)
    if not finite.all():
        row, column = (int(index[0]) for index in np.nonzero(~finite))
        raise UserError(
            f"score of article {articles[row]!r} with photo {images[column]!r} is "
            f"{block[row, column]}; a score that is not finite is not ranked: mend what made it"
        )
    return block
