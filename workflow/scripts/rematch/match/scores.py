"""What holds scores, for those who read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rematch.errors import UserError
from rematch.forms import Block, Float32, Scored


class Scores(Scored, Protocol):
    """Scores of every article with every photo of a gallery, of which any can be asked for."""

    def take(self, articles: Sequence[str], gallery: Sequence[str]) -> Float32:
        """The scores of these articles and photos: float32 [len(articles), len(gallery)]."""


@dataclass(frozen=True)
class Given:
    """Scores that come in blocks, made as they are read; `forms.Scored`."""

    article_ids: tuple[str, ...]
    gallery: tuple[str, ...]
    made: Callable[[], Iterator[Block]]
    path: str = "scores"

    def blocks(self) -> Iterator[Block]:
        """All rows, in order: article ids [b], float32 scores [b, m]."""
        return self.made()


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
