"""What people read: tables, plots and pages, and what was lost on the way.

Computes no score and no metric.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.report import (
        losses as losses,
        pages as pages,
        plots as plots,
        results as results,
        tally as tally,
    )
    from rematch.report.losses import from_csv as from_csv
    from rematch.report.losses_html import losses_page as losses_page
else:
    __getattr__ = handing_on(__name__)
