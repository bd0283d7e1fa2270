"""Photos by URL: fetched a few at a time, kept for good, each asked for no more than needed.

What lies in the folder
    `<image id>.<extension>`
        A photo, whole and opened once; the extension tells its format, whatever the URL said. Only
        ids of letters, digits, `_` and `-` are file names, see `running.PLAIN`. The others, ids
        that differ in case alone, and those whose file's name a row of the corpus gives to another
        image, get `hash.<40 hexadecimal digits>`.
    `index.tsv`
        The ids behind the hashed names: `image_id`, a tab, `file`. An id stands there as a JSON
        string, so that it may hold tabs and line feeds. `find_downloaded` reads it.
    `failed.jsonl`
        A line for every failure: image id, url, reason, whether it is `lasting`, time. The last
        line of an id holds, unless its photo has come since.
    `.download/`
        Bodies under way, the ceilings on requests, a lock.

Photos are written under `.download/` and renamed when whole, and the other two files only grow, by
single writes. So a run that is killed loses the photos that were in flight, and nothing else.

What is asked again
    Within a run, what may pass: no connection, silence, a body cut short, HTTP 408, 425, 429 and
    5xx. In the next run, everything that failed except `lasting` failures of the same URL: HTTP
    404 and 410, bodies that are too large, placeholders, redirects that lead nowhere. A page with
    status 200 is not lasting: it may be a notice of maintenance as well as a dead link.

Only http and https are followed, redirects included. Which hosts are asked is up to the URLs.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.corpus.downloading.options import DownloadOptions as DownloadOptions
    from rematch.corpus.downloading.report import DownloadReport as DownloadReport
    from rematch.corpus.downloading.running import download as download
else:
    __getattr__ = handing_on(__name__)
