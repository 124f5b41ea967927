"""The pages over the committed results are those that they make."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ichor.pages.overview import HTML, README, write_overview

RESULTS = Path(__file__).resolve().parents[1] / "results"
TOLD = "run `ichor results $(dirname results/*/metrics.json) --out results`"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results with their pages made again."""
    copy = tmp_path_factory.mktemp("made") / "results"
    shutil.copytree(RESULTS, copy, ignore=shutil.ignore_patterns("*.gz", "*.csv"))
    write_overview([file.parent for file in copy.glob("*/metrics.json")], copy)
    return copy


@pytest.mark.parametrize("name", [README, HTML])
def test_the_page_is_up_to_date(made: Path, name: str) -> None:
    # How a picture is encoded is a matter of the libraries at hand.
    committed, again = (re.sub(r'"data:[^"]*"', "", (at / name).read_text(encoding="utf-8")) for at in (RESULTS, made))
    assert committed == again, TOLD


def test_every_link_leads_somewhere() -> None:
    for page in (RESULTS / README, *RESULTS.glob(f"*/{README}")):
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.parent.name}: {target}"


def test_the_html_can_be_sent_by_mail() -> None:
    assert (RESULTS / HTML).stat().st_size < 5 * 2**20
