"""Rule demo_corpus: draw the demo's test split, with its texts and their translations."""

import sys
from pathlib import Path

from rematch import jobs

sys.path.append(str(Path(snakemake.scriptdir).parents[1] / "resources" / "demo"))
from make_corpus import make_corpus

jobs.start(snakemake)
make_corpus("test", 500, Path(snakemake.output.articles).parent)
