"""Measured figures in README, docs, cards and source are those of the committed results; none is typed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig
from ichor.models.package import CARD, DEFAULT_MODEL, find_package, verify, write_sums
from ichor.runs.about import ABOUT
from paths import ROOT
from scripts.figures import COSTLY, DOCUMENTS, figures, filled, fraction_lost, make_card

MARKED = re.compile(r"<!-- figure: [\w-]+ -->.*?<!-- end -->", re.DOTALL)
# How a measured figure reads in a sentence.
TYPED = re.compile(
    r"\d+\.\d mL of\s+rims|(marks?|marked|found) (in it )?\d+\.\d mL"
    r"|(Dice|Jaccard|AUC|rho)( in \w+)?( is| of| to| at| falls by)? [+-]?0\.\d\d"
    r"|(fifth|quarter|third|tenth) of the Dice"
    r"|(takes|took|answers in|faster by|in about) \d+(\.\d+)? (ms|s|seconds|minutes|hours)\b"
    r"|(twice|three|four|five|ten|hundred) times as fast"
)
# Figures that others published, each with its source.
PUBLISHED = re.compile(r"Benchmark\((?:[^()]|\([^()]*\))*\)")
# Made whole by a command, and held to it by a test of its own.
MADE = {ROOT / "docs" / "explanation" / "literature.md", ROOT / "docs" / "reference" / "other-datasets.md"}


def test_the_documents_quote_the_results() -> None:
    known = figures(ROOT / "results")
    named = set()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert filled(text, known) == text, f"{document.name}: run `python -m scripts.figures`"
        named |= set(re.findall(r"<!-- figure: ([\w-]+) -->", text))
    assert {ROOT / "README.md", ROOT / "results" / DEFAULT_MODEL / ABOUT} <= set(DOCUMENTS)
    assert named == set(known), "figures that no document shows"


def test_a_figure_that_no_result_has_is_refused() -> None:
    with pytest.raises(KeyError):
        filled("<!-- figure: invented -->7<!-- end -->", {"known": "1"})


def test_no_measured_figure_is_typed() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "results").glob(f"*/{ABOUT}")]
    for file in sorted({*documents, *(ROOT / "src").rglob("*.py"), ROOT / "SECURITY.md"} - MADE):
        typed = TYPED.search(PUBLISHED.sub("", MARKED.sub("", file.read_text(encoding="utf-8"))))
        assert typed is None, f"{file.relative_to(ROOT)}: {typed[0]}"


@pytest.mark.parametrize(
    "text",
    [
        "marks 12.4 mL of rims",
        "a Dice of 0.51",
        "up to a fifth of the Dice",
        "the AUC falls by 0.12",
        "took 2.6 s",
    ],
)
def test_typed_figures_are_recognized(text: str) -> None:
    assert TYPED.search(text)
    assert not TYPED.search(MARKED.sub("", re.sub(r"(\d+\.\d+|a fifth)", r"<!-- figure: x -->\1<!-- end -->", text)))


def test_pages_say_how_many_delineations_the_rule_of_400_pixels_finds(ct_ich: Path) -> None:
    dataset = CtIch(ct_ich)
    areas = [dataset.mask(subject).sum(axis=(1, 2)) for subject in dataset.subjects if subject != "070"]
    drawn = np.concatenate([area[area > 0] for area in areas])
    page = " ".join((ROOT / "results" / DEFAULT_MODEL / "README.md").read_text(encoding="utf-8").split())
    assert f"only {100 * (drawn > 400).mean():.1f} % of the {len(drawn)} slices with a delineation" in page


def test_the_documents_name_all_conditions_that_cost_over_a_tenth_of_the_dice() -> None:
    conditions = json.loads((ROOT / "results/robustness/robustness.json").read_text(encoding="utf-8"))["conditions"]
    lost = {key: fraction_lost(one, conditions["unchanged"]) for key, one in conditions.items()}
    assert {key for key, share in lost.items() if share > 0.1} == set(COSTLY)


def test_a_card_that_changes_gets_new_checksums_and_covers_up_no_other_change(tmp_path: Path) -> None:
    package = shutil.copytree(find_package(DEFAULT_MODEL), tmp_path / "package")
    card = (package / CARD).read_text(encoding="utf-8")
    (package / CARD).write_text("old")
    with pytest.raises(BadConfig, match="SHA-256"):
        make_card(package)
    write_sums(package)
    make_card(package)
    verify(package)
    assert (package / CARD).read_text(encoding="utf-8") == card
