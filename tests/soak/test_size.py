"""Encoding at full size: memory does not grow with the corpus."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tiny import make_clip, make_photos

ENCODE = """
import resource, sys
from pathlib import Path

import numpy as np

from rematch import forms
from rematch.storage import tables
from rematch.storage.embeddings import Store, write_vectors
from rematch.embed.encoding import photo_vectors, text_vectors
from rematch.embed.models import ModelSpec, load

what, n, checkpoint, photo, out = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
spec = ModelSpec("openai", Path(checkpoint), threads=2)
if what == "texts":
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(500)])
    texts = (f"{i} " + " ".join(rng.choice(words, size=12)) for i in range(n))
    vectors = text_vectors(texts, None, lambda: load(spec, ["texts"]))
else:
    # One file under n digests: as many photos as far as the encoder can tell.
    rows = [{"image_id": str(i), "file": photo, "digest": f"{i:064x}"} for i in range(n)]
    images = forms.from_rows(rows, forms.IMAGES)
    vectors = photo_vectors(images, None, lambda: load(spec, ["photos"]), 2)
write_vectors(vectors, out)
assert len(Store(out).keys) == n
unit = 1024**2 if sys.platform == "darwin" else 1024
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit)
"""


def peak(what: str, n: int, tmp_path: Path) -> int:
    """Peak memory in MB of encoding n of them in a process of its own."""
    checkpoint = make_clip(tmp_path / "tiny.pt")
    photo = make_photos(tmp_path, 1)[0]["file"]
    arguments = [what, str(n), str(checkpoint), photo, str(tmp_path / "out.arrow")]
    done = subprocess.run(
        [sys.executable, "-c", ENCODE, *arguments], check=True, capture_output=True, text=True
    )
    return int(done.stdout.splitlines()[-1])


def test_a_hundred_thousand_texts_need_no_more_than_a_few(tmp_path: Path) -> None:
    few, many = peak("texts", 2_000, tmp_path), peak("texts", 100_000, tmp_path)
    print(f"\n2,000 texts: {few} MB, 100,000: {many} MB")
    assert many - few < 150  # the texts themselves, their keys and one part's tokens


def test_twenty_thousand_photos_need_no_more_than_a_few(tmp_path: Path) -> None:
    few, many = peak("photos", 1_000, tmp_path), peak("photos", 20_000, tmp_path)
    print(f"\n1,000 photos: {few} MB, 20,000: {many} MB")
    assert many - few < 100
