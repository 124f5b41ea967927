from __future__ import annotations

import pytest
from pydantic import ValidationError

from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.settings import SlicesChosen, pooled


def chosen(balanced: float, slope: float = 1.0, intercept: float = 0.0, **points: float) -> SlicesChosen:
    return SlicesChosen(
        threshold=balanced / 2,
        slice_threshold=balanced,
        head_mm=180 + 100 * balanced,
        calibration=Calibrations(slice=Calibration(slope=slope, intercept=intercept)),
        operating_point="balanced",
        operating_points={"balanced": balanced, **points},
    )


def test_folds_are_pooled_by_medians() -> None:
    found = pooled([chosen(0.2, 0.5, 1, triage=0.1), chosen(0.9, 2, -2, triage=0.01), chosen(0.4, 0.7, -1, triage=0.3)])
    assert found.threshold == pytest.approx(0.2)
    assert found.slice_threshold == found.operating_points["balanced"] == pytest.approx(0.4)
    assert found.operating_points["triage"] == pytest.approx(0.1)
    assert found.head_mm == pytest.approx(220)
    assert found.calibration.slice == Calibration(slope=0.7, intercept=-1)
    assert found.calibration.voxel == Calibration()
    assert found.operating_point == "balanced"


def test_the_median_of_two_lies_between_them_by_the_logit() -> None:
    found = pooled([chosen(0.001), chosen(0.1)])
    assert found.slice_threshold == pytest.approx(0.01044, abs=1e-5)  # not 0.0505


def test_one_fold_stays_what_it_is_and_points_that_not_all_have_are_left_out() -> None:
    one = SlicesChosen(threshold=0.25, slice_threshold=0.5, head_mm=180)
    assert pooled([one]) == one
    assert set(pooled([chosen(0.2, triage=0.1), chosen(0.2)]).operating_points) == {"balanced"}


def test_nothing_and_what_does_not_fit_cannot_be_pooled() -> None:
    for some in ([], [chosen(0.2), SlicesChosen(threshold=0.25, slice_threshold=0.5, head_mm=180)]):
        with pytest.raises(ValueError, match="expected choices at one operating point"):
            pooled(some)


def test_another_operating_point_is_another_slice_threshold() -> None:
    triage = chosen(0.4, triage=0.1).at("triage")
    assert (triage.slice_threshold, triage.operating_point, triage.threshold) == (0.1, "triage", 0.2)
    with pytest.raises(ValidationError, match="expected slice_threshold to be that of balanced"):
        SlicesChosen(**{**chosen(0.4).model_dump(), "slice_threshold": 0.3})
