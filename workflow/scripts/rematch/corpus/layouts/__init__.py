"""Layouts of corpora: from somebody's file to rows, before anything is judged.

A layout is a file here that declares it (`rematch.methods`) and has a class that says what its
columns are called and how its header is known; no other file names it. `generic` is known by no
header: there the configuration names the columns. What of the rows counts is none of a layout's
business, nor is what is refused.

Rows that are no rows (a header again, a byte order mark, where two files were put together) are
told by the column names of all layouts, also where one is named.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.corpus.layouts.base import Layout as Layout, Record as Record, Source as Source
    from rematch.corpus.layouts.declared import chosen as chosen, keys as keys, known as known
    from rematch.corpus.layouts.showing import (
        ENDINGS as ENDINGS,
        header_of as header_of,
        likely_columns as likely_columns,
        shown as shown,
    )
    from rematch.corpus.layouts.sources import (
        missing_column as missing_column,
        read_source as read_source,
    )
else:
    __getattr__ = handing_on(__name__)
