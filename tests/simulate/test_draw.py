"""Simulated copies: off by default, the same for the same seed, and each change is used when it is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ichor.dataset.case import Case
from ichor.simulate.draw import Copy, simulated
from ichor.simulate.settings import SimulationSettings
from simulate_heads import head_case

CHANGES = [name for name in SimulationSettings.model_fields if name not in ("copies", "share")]


@pytest.fixture(scope="module")
def case() -> Case:
    return head_case()


def copied(case: Case, seed: int = 0, **chances: float) -> Copy:
    return simulated(case, SimulationSettings(**chances), np.random.default_rng(seed))


def hu(case: Case) -> np.ndarray:
    return np.asarray(case.scan.hu, np.float32)


def test_nothing_changes_by_default(case: Case) -> None:
    found = copied(case)
    assert found.case is case
    assert (found.mimic, found.alone) == (None, False)


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_made_if_it_is_certain_and_is_the_same_for_the_same_seed(case: Case, name: str) -> None:
    first, again = (copied(case, 3, **{name: 1.0}) for _ in range(2))
    assert np.array_equal(hu(first.case), hu(again.case))
    assert hu(first.case).shape != hu(case).shape or np.abs(hu(first.case) - hu(case)).max() > 3
    assert first.case.mask.shape == hu(first.case).shape
    assert first.case.labels.shape == (len(hu(first.case)), 5)
    assert first.case.scan.slice_positions_mm is not None
    assert np.array_equal(first.case.positive, first.case.mask.any(axis=(1, 2)))
    assert first.alone == (name == "pictures")
    assert (first.mimic is not None) == (name in ("mimics", "dark_brain"))
    assert first.case.mask.any() == (name == "thin_blood")


def test_all_changes_together_give_a_case(case: Case) -> None:
    found = copied(case, 1, **dict.fromkeys(CHANGES, 1.0))
    assert np.isfinite(hu(found.case)).all()
    assert found.mimic is not None
    assert not (found.mimic & found.case.mask).any()
    assert hu(found.case).min() > -25 and hu(found.case).max() < 105  # as in a picture


def test_no_blood_is_grown_into_a_scan_that_has_hemorrhage(case: Case) -> None:
    mask, labels = case.mask.copy(), case.labels.copy()
    mask[12, 60:70, 90:99], labels[12, 1] = True, True
    bleeding = replace(case, delineation=mask, subtypes=labels)
    for seed in range(4):
        assert np.array_equal(copied(bleeding, seed, thin_blood=1.0).case.mask, mask)


def test_thin_copies_are_about_as_far_apart_as_before(case: Case) -> None:
    for seed in range(4):
        scan = copied(case, seed, thin=1.0).case.scan
        assert np.median(np.diff(scan.slice_positions_mm)) == pytest.approx(5.0, abs=0.01)
        assert np.median(scan.thickness_mm) < 2.6
