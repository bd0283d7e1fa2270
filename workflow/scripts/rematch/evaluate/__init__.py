"""How well rankings find the truth.

Data in, data out: no file, no configuration, no Snakemake.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.evaluate import measures as measures
    from rematch.evaluate.measures import (
        DIRECTIONS as DIRECTIONS,
        IMAGE_TO_TEXT as IMAGE_TO_TEXT,
        TEXT_TO_IMAGE as TEXT_TO_IMAGE,
        evaluate_both as evaluate_both,
        metrics as metrics,
    )
else:
    __getattr__ = handing_on(__name__)
