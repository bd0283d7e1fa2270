"""Rankings from arrays, as the README shows, against plain loops."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rematch.errors import UserError
from rematch.match import rank

ROOT = Path(__file__).parents[3]


def test_every_text_gets_its_best_photos() -> None:
    draws = np.random.default_rng(1)
    texts, photos = draws.normal(size=(7, 5)), draws.normal(size=(9, 5))
    found = rank(texts * 3, photos / 2, top=4)
    for text, vector in enumerate(texts):
        cosines = [vector @ p / np.linalg.norm(vector) / np.linalg.norm(p) for p in photos]
        best = sorted(range(9), key=lambda photo: -cosines[photo])[:4]
        rows = [r for r in found.to_pylist() if r["article_id"] == str(text)]
        assert [r["image_id"] for r in sorted(rows, key=lambda r: r["rank"])] == list(
            map(str, best)
        )
        assert [r["score"] for r in rows] == pytest.approx([cosines[b] for b in best], abs=1e-6)


def test_neither_order_nor_names_break_a_tie() -> None:
    photos = np.array([[1.0, 1.0], [1.0, -1.0], [0.0, -1.0]])
    text = np.array([[1.0, 0.0]])
    first = rank(text, photos, ["a"], ["x", "y", "z"])["image_id"].to_pylist()
    turned = rank(text, photos[::-1], ["a"], ["x", "y", "z"])["image_id"].to_pylist()
    assert [{"x": "z", "y": "y", "z": "x"}[name] for name in turned] == first


@pytest.mark.parametrize(
    ("texts", "photos", "more", "said"),
    [
        ([[1.0, 2.0]], [[1.0]], {}, "texts have 2 dimensions and photos 1"),
        ([[np.nan, 1.0]], [[1.0, 1.0]], {}, "texts: '0' is NaN, infinite or 0"),
        ([[1.0, 1.0]], [[0.0, 0.0]], {}, "photos: '0' is NaN, infinite or 0"),
        ([[1.0]], [[1.0], [2.0]], {"image_ids": ["a", "a"]}, "photos: an id stands twice"),
        ([[1.0]], [[1.0]], {"article_ids": []}, "texts: 0 ids for 1 vectors"),
        ([1.0], [[1.0]], {}, "give an array of vectors"),
        ([[1.0]], [[1.0]], {"top": 0}, "top: 0 is no length"),
        ([[1.0]], [[1.0]], {"scorer": "cosin"}, "cosin"),
    ],
)
def test_what_does_not_fit_is_refused(texts, photos, more, said) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        rank(texts, photos, **more)


def test_the_readmes_lines_run_without_snakemake(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", readme, re.S)
    assert len(lines.splitlines()) <= 12
    lines += "import sys\nassert 'snakemake' not in sys.modules and 'torch' not in sys.modules\n"
    done = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "MRR@100" in done.stdout and "R@100" in done.stdout


def test_a_wheel_holds_the_package_and_its_lines_run(tmp_path: Path) -> None:
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"),
            *("-w", str(tmp_path), str(_copy(tmp_path))),
        ],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    code = "import rematch.match, rematch; print(rematch.__file__)\n"
    code += "print(rematch.match.rank([[1.0]], [[1.0]])['score'][0])"
    # Scorers are found by their files, so a wheel is unpacked before it is used.
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, tmp_path / "site"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "site") in done.stdout and "1.0" in done.stdout


def _copy(folder: Path) -> Path:
    """What a wheel is made from: building leaves folders beside it."""
    shutil.copytree(ROOT / "workflow/scripts", folder / "copy/workflow/scripts")
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, folder / "copy" / name)
    return folder / "copy"
