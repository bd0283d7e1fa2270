"""What cleaning does to a text, a file a family of steps.

A step is a function (text, `Context`) -> text and an entry in its file's `METHODS`. Its traits: it
"repair"s and so changes no word, knows "english" alone and leaves other languages as they are,
reads the word "statistics", is "guarded" by the entry's key `guard`, or belongs "first".
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.text.cleaning import wordstats as wordstats
    from rematch.text.cleaning.cleaner import Cleaning as Cleaning, clean_articles as clean_articles
    from rematch.text.cleaning.context import Context as Context
    from rematch.text.cleaning.replacements import (
        changes_table as changes_table,
        describe as describe,
    )
    from rematch.text.cleaning.spelling import spell_step as spell_step
    from rematch.text.cleaning.step_order import misplaced as misplaced
    from rematch.text.cleaning.wordstats import (
        WordStatistics as WordStatistics,
        build_statistics as build_statistics,
        folder_of as folder_of,
    )
else:
    __getattr__ = handing_on(__name__)
