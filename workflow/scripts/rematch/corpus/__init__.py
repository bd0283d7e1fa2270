"""From published files to articles, photos and known pairs.

Which row counts is decided here; the truth that is read here goes to a table of its own.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.corpus.door import reason_class as reason_class
    from rematch.corpus.downloading import DownloadOptions as DownloadOptions, download as download
    from rematch.corpus.layouts import FIELDS as FIELDS
    from rematch.corpus.names import photo_files as photo_files
    from rematch.corpus.photos import MISSING as MISSING, open_photo as open_photo, opened as opened
    from rematch.corpus.reading import (
        CorpusSpec as CorpusSpec,
        count_table as count_table,
        demand_usable as demand_usable,
        known_photos as known_photos,
        photo_names as photo_names,
        read_articles as read_articles,
        read_corpus as read_corpus,
        reject_counts as reject_counts,
        submission_ids as submission_ids,
        summary_lines as summary_lines,
        tie_keys as tie_keys,
        wanted_photos as wanted_photos,
        write_photos as write_photos,
    )
else:
    __getattr__ = handing_on(__name__)
