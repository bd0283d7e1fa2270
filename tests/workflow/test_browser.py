"""Texts of strangers on the pages that people open: they show as text and nothing of them runs.

The pages are opened in headless Chromium, where one is installed.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.workflow.conftest import Project
from tests.workflow.hostile import CLOSING, EVIL, IMAGE, PRODUCT, SCRIPT
from tests.workflow.test_survive import copied

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium; `make browser` installs one"),
]


def opened(page: Path, folder: Path) -> str:
    """The page's DOM as HTML after its scripts have run."""
    assert BROWSER is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    options += [f"--user-data-dir={folder}", "--virtual-time-budget=2000"]
    done = subprocess.run(
        [BROWSER, *options, "--dump-dom", page.resolve().as_uri()],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )
    return done.stdout.decode("utf-8")


def title(dom: str) -> str:
    return re.findall(r"<title>(.*?)</title>", dom, re.S)[0]


def test_the_browser_runs_scripts(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    for evil in (SCRIPT, IMAGE, CLOSING):
        page.write_text(f"<!doctype html><title>T</title><table><tr><td>{evil}</table>", "utf-8")
        assert title(opened(page, tmp_path / "browser")) == "RAN", evil


@pytest.mark.parametrize("name", ["losses", "cleaning", "table", "setup"])
def test_pages_show_hostile_texts_as_texts(hostile: Project, tmp_path: Path, name: str) -> None:
    page = hostile.folder / "results/my" / ("" if name == "setup" else "tiny_") / f"{name}.html"
    dom = opened(page, tmp_path / "browser")
    assert "RAN" not in title(dom) and "<script" not in dom and "<img" not in dom
    assert PRODUCT not in dom
    texts = unescape(re.sub(r"<[^>]*>", "", dom))
    shown = {"losses": EVIL, "cleaning": EVIL[:3], "table": [], "setup": EVIL}[name]
    for evil in shown:
        assert evil.lower() in texts.lower(), evil


def test_names_of_files_run_no_command(hostile: Project) -> None:
    assert (hostile.folder / "results/my/tiny_/table.csv").is_file()
    assert list(hostile.folder.rglob("RAN*")) == []


@pytest.mark.parametrize("name", ["words", "recall"])
def test_plots_hold_no_script(hostile: Project, tmp_path: Path, name: str) -> None:
    dom = opened(hostile.folder / f"results/my/tiny_/plots/{name}.svg", tmp_path / "browser")
    assert dom.count("<svg") == 1 and "<script" not in dom and "onload" not in dom


def test_the_report_shows_the_pages_as_they_are(hostile: Project, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    copied(hostile, tmp_path).snakemake("--report", str(report))
    assert title(opened(report, tmp_path / "browser")) == "Snakemake Report"
    text = report.read_text("utf-8")
    assert "system-message" not in text and PRODUCT not in text and SCRIPT not in text
    pages = re.findall(r"data:text/html;[^,]*;base64,([A-Za-z0-9+/=]+)", text)
    assert {base64.b64decode(page) for page in pages} == {
        file.read_bytes() for file in (hostile.folder / "results").rglob("*.html")
    }
