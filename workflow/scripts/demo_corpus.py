"""Rule demo_corpus: draw the demo's test split, with its texts and their translations."""

from rematch.engine import jobs

jobs.start(snakemake)

import sys
from pathlib import Path

sys.path.append(str(Path(jobs.__file__).parents[4] / "resources" / "demo"))
from make_corpus import make_corpus
from rematch.storage import replacing_all

with replacing_all(snakemake.output) as folder:
    make_corpus("test", 500, folder)
