"""The documentation site: its reference is current, and it can be read without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
LOADED = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=\"(https?:)?//[^\"]+\"")


@pytest.fixture(scope="module")
def site() -> Path:
    """The site as `make site` makes it, where it does: what `make lint` has just built is not built again."""
    out = ROOT / "build/site"
    settings = ["--quiet", "--fail-on-warning", "--keep-going", "-c", "docs/site"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *settings, ".", out], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


def test_the_command_line_reference_is_what_the_commands_say(tmp_path: Path) -> None:
    file = "docs/reference/command-line.md"
    before = (ROOT / file).read_text(encoding="utf-8")
    subprocess.run([sys.executable, ROOT / "scripts/command_line_reference.py", tmp_path / "page.md"], check=True)
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == before, "run scripts/command_line_reference.py"


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        if "_downloads" not in page.parts:
            assert LOADED.search(page.read_text(encoding="utf-8")) is None, page


def test_every_document_has_its_place(site: Path) -> None:
    for document in [*(ROOT / "docs").rglob("*.md"), *(ROOT / "results").glob("*/README.md")]:
        assert (site / document.relative_to(ROOT).with_suffix(".html")).is_file(), document
    listed = yaml.safe_load((ROOT / "docs/site/_toc.yml").read_text())
    assert listed["root"] == "README" and (site / "index.html").is_file()


def test_the_api_is_shown_with_its_docstrings(site: Path) -> None:
    page = (site / "docs/reference/modules.html").read_text(encoding="utf-8")
    assert 'id="ichor.methods.base.Method.predict"' in page
    assert "on the scan’s own grid" in page
