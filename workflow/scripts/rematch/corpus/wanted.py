"""Which photos a corpus wants: how its rows name their files, and where they can be fetched.

No photo is opened here, nor its folder looked at.
"""

from __future__ import annotations

import logging

import pyarrow as pa

from rematch.corpus.door import is_file_name
from rematch.corpus.entering import entered
from rematch.corpus.names import Naming
from rematch.corpus.spec import CorpusSpec
from rematch.corpus.tables import table_of

log = logging.getLogger(__name__)

IMAGE_URLS = pa.schema(
    [
        ("image_id", pa.string()),
        ("url", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("others", pa.int64()),
    ]
)
"""Where photos can be fetched. `file`, `line`: the row that names the photo first; `others`: rows
that give it another URL, which is not used."""


def photo_names(spec: CorpusSpec) -> list[tuple[str, str]]:
    """For `names.photo_files`: of each image its id and the file that its rows name, or "".

    Files that only refused rows name follow, without an id: they are no other image's.

    Raises:
        UserError: as `read_corpus`; the folder of photos is not looked at.
    """
    naming = entered(spec).naming()
    rest = naming.named - set(naming.images.values())
    return [*sorted(naming.images.items()), *(("", file) for file in sorted(rest))]


def image_urls(spec: CorpusSpec) -> pa.Table:
    """Where a corpus' photos can be fetched: for the downloader, and for nothing else.

    A URL names its photo's subject, so it is in no other table and must reach no score.

    Returns:
        `IMAGE_URLS`, a row a photo, sorted by id: photos that `read_corpus` would look for, that
        have a URL, and whose id can be a file's name.

    Raises:
        UserError: as `read_corpus`; the folder of photos need not exist.
    """
    return wanted_photos(spec)[0]


def wanted_photos(spec: CorpusSpec) -> tuple[pa.Table, Naming]:
    """`image_urls`, and how the corpus' rows name the photos' files."""
    door = entered(spec)
    images = door.images
    rows = [
        (image_id, image.url, str(image.path), image.line, image.other_urls)
        for image_id, image in images.items()
        if image.url and is_file_name(image_id)
    ]
    others = sum(image.other_urls for image in images.values())
    log.info("%s of %s photos have a URL", f"{len(rows):,}", f"{len(images):,}")
    if others:
        log.warning("%s rows give a known photo another URL; the first is used", f"{others:,}")
    return table_of(sorted(rows), IMAGE_URLS), door.naming()
