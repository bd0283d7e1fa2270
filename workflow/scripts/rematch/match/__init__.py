"""From vectors to scores, rankings and the benchmark's run file.

Data in, data out: no file, no configuration, no Snakemake. The truth is not here.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.match.arrays import rank as rank
    from rematch.match.blending import blend as blend
    from rematch.match.factors import Factored as Factored, Term as Term
    from rematch.match.ranking import rank_both as rank_both, where_stand as where_stand
    from rematch.match.scores import Given as Given
    from rematch.match.scoring import score as score, scored as scored
    from rematch.match.searching import Search as Search
    from rematch.match.standing import Wanted as Wanted
    from rematch.match.submissions import submission as submission
else:
    __getattr__ = handing_on(__name__)
