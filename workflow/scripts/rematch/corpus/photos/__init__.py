"""Photographs: the one way from a file to pixels, and what the pixels are called.

Every part that looks at a photo goes through `opened`, so the corpus, the encoders and the gallery
agree on its pixels, and a digest taken at the door stays true to the end. Nothing here knows of
rows, ids or articles.

One file never ends a run. What a photo takes to decode is told by its header (`formats`): over
600 MB it is refused, and all that are decoded at once in a process have that much together
(`ceiling`), so that large ones wait for each other. A PNG whose texts or profile are damaged or too
large is read without them. What stands before a picture is counted first, and 200,000 parts are
enough. Only files up to 256 MB within their folder are opened.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.corpus.photos.examining import (
        Examined as Examined,
        examine as examine,
        pixels_digest as pixels_digest,
    )
    from rematch.corpus.photos.opening import (
        PhotoError as PhotoError,
        form as form,
        open_photo as open_photo,
        opened as opened,
    )
    from rematch.corpus.photos.reasons import (
        EMPTY as EMPTY,
        MISSING as MISSING,
        TOO_LARGE as TOO_LARGE,
        UNREADABLE as UNREADABLE,
    )
else:
    __getattr__ = handing_on(__name__)
