"""What people read: tables, plots and pages, and what was lost on the way.

Computes no score and no metric.

Nothing is lost in silence. What shrinks or doubts a result is noted in a table where it happens,
counted by `losses`, and said in one line beside every table, on the report's pages and in its
captions; more than a tenth of anything is a warning when the run is over. That line is an input of
`table` alone: a change in what was lost remakes no ranking and no metric.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.report import losses as losses, pages as pages, tally as tally
    from rematch.report.as_csv import (
        metrics_csv as metrics_csv,
        numbers as numbers,
        numbers_json as numbers_json,
        table_csv as table_csv,
    )
    from rematch.report.as_html import table_html as table_html
    from rematch.report.as_latex import table_tex as table_tex
    from rematch.report.as_markdown import table_md as table_md
    from rematch.report.closing import (
        caption_numbers as caption_numbers,
        show_tables as show_tables,
    )
    from rematch.report.losses import from_csv as from_csv
    from rematch.report.losses_html import losses_page as losses_page
    from rematch.report.plots import (
        by_run as by_run,
        metrics_by_words as metrics_by_words,
        recall_curves as recall_curves,
    )
    from rematch.report.reference import read_reference as read_reference
    from rematch.report.results import Results as Results, build as build
else:
    __getattr__ = handing_on(__name__)
