"""From an article's German to the query that an encoder reads.

Sees title and text alone: no photo, no id, no truth.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.text.cleaning import (
        Cleaning as Cleaning,
        Context as Context,
        WordStatistics as WordStatistics,
        build_statistics as build_statistics,
        changes_table as changes_table,
        clean_articles as clean_articles,
        describe as describe,
        folder_of as folder_of,
        misplaced as misplaced,
        spell_step as spell_step,
        wordstats as wordstats,
    )
    from rematch.text.memory import (
        damages as damages,
        fill as fill,
        import_tsv as import_tsv,
        read_folder as read_folder,
        read_tsv as read_tsv,
        recall as recall,
    )
    from rematch.text.telling import (
        distinct_to_translate as distinct_to_translate,
        language_of as language_of,
    )
    from rematch.text.translation import translate_articles as translate_articles
    from rematch.text.translators import TranslationOptions as TranslationOptions, build as build
    from rematch.text.words import (
        queries as queries,
        query_table as query_table,
        sweep_queries as sweep_queries,
    )
else:
    __getattr__ = handing_on(__name__)
