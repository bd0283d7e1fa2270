"""How well rankings find the truth, how sure that is, and what it means.

Data in, data out: no file, no configuration, no Snakemake.
"""

from typing import TYPE_CHECKING

from rematch.rooms import handing_on

if TYPE_CHECKING:
    from rematch.evaluate import measures as measures
    from rematch.evaluate.comparing import compare as compare, holm as holm
    from rematch.evaluate.conclusions import (
        Conclusions as Conclusions,
        Plan as Plan,
        by_column as by_column,
        compare_runs as compare_runs,
        conclude as conclude,
    )
    from rematch.evaluate.diagnosis import cut_texts as cut_texts, diagnose as diagnose
    from rematch.evaluate.effects import Described as Described
    from rematch.evaluate.intervals import bootstrap as bootstrap
    from rematch.evaluate.letters import compact_letters as compact_letters
    from rematch.evaluate.measures import (
        DIRECTIONS as DIRECTIONS,
        IMAGE_TO_TEXT as IMAGE_TO_TEXT,
        TEXT_TO_IMAGE as TEXT_TO_IMAGE,
        judged as judged,
        metrics as metrics,
    )
    from rematch.evaluate.outcomes import (
        Outcomes as Outcomes,
        curves as curves,
        outcomes_of as outcomes_of,
        summary as summary,
    )
    from rematch.evaluate.standings import (
        Best as Best,
        Standings as Standings,
        comparisons as comparisons,
        standings_of as standings_of,
    )
    from rematch.evaluate.true_ranks import judge as judge
    from rematch.evaluate.tuning import (
        choose as choose,
        chosen_json as chosen_json,
        curve_csv as curve_csv,
        first_of as first_of,
        folds_of as folds_of,
        truth_of as truth_of,
        weigh as weigh,
    )
else:
    __getattr__ = handing_on(__name__)
