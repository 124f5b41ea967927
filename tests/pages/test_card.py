"""A card is made of what a package holds, and says what is known of its recipe, and of no other."""

from __future__ import annotations

import shutil
from pathlib import Path

from ichor.models.package import CARD, DEFAULT_MODEL, MADE_BY, find_package
from ichor.pages.card import write_card
from ichor.runs.about import ABOUT, read_about, without_marks
from paths import ROOT

PACKAGE = find_package(DEFAULT_MODEL)


def test_the_shipped_card_follows_from_its_package_and_result(tmp_path: Path) -> None:
    package = shutil.copytree(PACKAGE, tmp_path / "package")
    write_card(package)
    assert (package / CARD).read_text(encoding="utf-8") == (PACKAGE / CARD).read_text(encoding="utf-8")
    assert (PACKAGE / ABOUT).read_bytes() == (ROOT / "results" / DEFAULT_MODEL / ABOUT).read_bytes()


def test_without_a_description_the_card_has_no_such_section(tmp_path: Path) -> None:
    package, about = shutil.copytree(PACKAGE, tmp_path / "package"), read_about(PACKAGE)
    for name in (ABOUT, MADE_BY):
        (package / name).unlink()
    write_card(package)
    card = " ".join((package / CARD).read_text(encoding="utf-8").split())
    whole = " ".join((PACKAGE / CARD).read_text(encoding="utf-8").split())
    for text in (about.limits, about.design):
        said = " ".join(without_marks(text).split())
        assert said in whole and said not in card
    assert "Trained in" in whole and "Trained in" not in card
