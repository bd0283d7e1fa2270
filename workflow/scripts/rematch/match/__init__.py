"""From vectors to scores, rankings and the benchmark's run file.

Data in, data out: no file, no configuration, no Snakemake. The truth is not here.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.match.matching import (
        blend as blend,
        rank as rank,
        score as score,
        submission as submission,
    )
else:
    __getattr__ = handing_on(__name__)
