"""The committed pages of the studies agree with their figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from paths import ROOT
from studies.annotation_simulation.page import page as annotation_simulation
from studies.click_refinement.page import page as click_refinement
from studies.label_ceiling.page import page as label_ceiling
from studies.midline_shift.page import page as midline_shift
from studies.recipe.page import page as recipe
from studies.robustness.page import page as robustness


@pytest.mark.parametrize(
    ("figures", "page"),
    [
        ("annotation-simulation/simulation.json", annotation_simulation),
        ("click-refinement/clicks.json", click_refinement),
        ("label-ceiling/ceiling.json", label_ceiling),
        ("midline-shift/shifts.json", midline_shift),
        ("recipe/recipe.json", recipe),
        ("robustness/robustness.json", robustness),
    ],
)
def test_the_committed_page_agrees_with_its_figures(figures: str, page: Callable[[Any], str]) -> None:
    file = ROOT / "results" / figures
    made = page(json.loads(file.read_text(encoding="utf-8")))
    assert (file.parent / "README.md").read_text(encoding="utf-8") == made
