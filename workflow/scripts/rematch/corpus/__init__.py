"""From published files to articles, photos and known pairs.

Which row counts, whose photo a file is and which pairs hold is decided here, and nowhere again:
later rooms see tables whose rows are joined by id. Here are no models, no texts but as they were
published, and no pages. A way of reading files is a layout (`corpus.layouts`), of fetching photos
`corpus.downloading`, of decoding them `corpus.photos`.

The truth is shut away. It is read here, by `read_corpus`, into a table of its own (`forms.QRELS`),
which only `metrics` reads; which articles it names (`forms.UNPAIRED`) only `losses` does. Ids, file
names, URLs and the order of rows carry the answer in this data set, so none may reach a score: rows
are ordered, and score ties broken, by a keyed hash of the content first (`ties`), and of the id
among equal contents only. So renaming every photo or shuffling every file changes no rank, except
among photos of identical pixels. URLs are given to the downloader alone (`wanted_photos`), and what
reads articles (`read_articles`) looks at no photo.

One file never ends a run. What is no table, no text or no photo is a refused row, or a `UserError`
that names the place: files in `rows`, photos in `corpus.photos`, servers' answers in
`corpus.downloading`. tests/fuzz.py damages files of each kind and reads them as jobs do; a new kind
of input belongs there too.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.corpus.articles import read_articles as read_articles
    from rematch.corpus.benchmark_ids import submission_ids as submission_ids
    from rematch.corpus.columns import read_columns as read_columns
    from rematch.corpus.downloading import DownloadOptions as DownloadOptions, download as download
    from rematch.corpus.finding import Found as Found, find_tables as find_tables
    from rematch.corpus.glancing import Glance as Glance, glance as glance
    from rematch.corpus.kept_photos import (
        known_photos as known_photos,
        write_photos as write_photos,
    )
    from rematch.corpus.names import photo_files as photo_files
    from rematch.corpus.photo_folders import find_photo_folder as find_photo_folder
    from rematch.corpus.photos import MISSING as MISSING, open_photo as open_photo, opened as opened
    from rematch.corpus.reading import (
        demand_usable as demand_usable,
        read_corpus as read_corpus,
    )
    from rematch.corpus.rejects import (
        FIELDS as FIELDS,
        reason_class as reason_class,
        reject_counts as reject_counts,
    )
    from rematch.corpus.spec import CorpusSpec as CorpusSpec
    from rematch.corpus.summary import count_table as count_table, summary_lines as summary_lines
    from rematch.corpus.ties import tie_keys as tie_keys
    from rematch.corpus.wanted import photo_names as photo_names, wanted_photos as wanted_photos
else:
    __getattr__ = handing_on(__name__)
