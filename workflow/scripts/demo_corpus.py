"""Rule demo_corpus: draw the demo's test split, with its texts and their translations."""

from rematch import jobs

jobs.start(snakemake)

import sys
from pathlib import Path

sys.path.append(str(Path(jobs.__file__).parents[3] / "resources" / "demo"))
from make_corpus import make_corpus

make_corpus("test", 500, Path(snakemake.output.articles).parent)
