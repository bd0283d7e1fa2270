"""Plots of a corpus' results as SVG, a file each, and what they share.

The same data give the same bytes: no date, fixed ids, text drawn as paths of the font that
matplotlib brings, and no setting of the user's. Nothing here needs a display.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.report.plots.recall import by_run as by_run, recall_curves as recall_curves
    from rematch.report.plots.words import metrics_by_words as metrics_by_words
else:
    __getattr__ = handing_on(__name__)
