from __future__ import annotations

import pytest
from pydantic import ValidationError

from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.unet_slices.settings import Parameters


def chosen(balanced: float, **points: float) -> Parameters:
    return Parameters(
        threshold=balanced,
        head_mm=180,
        calibration=Calibrations(slice=Calibration(slope=0.5, intercept=1)),
        operating_point="balanced",
        operating_points={"balanced": balanced, **points},
    )


def test_another_operating_point_is_another_threshold_and_nothing_else() -> None:
    balanced = chosen(0.4, triage=0.1)
    triage = balanced.at("triage")
    assert (triage.threshold, triage.operating_point) == (0.1, "triage")
    assert triage.at("balanced") == balanced
    with pytest.raises(KeyError):
        balanced.at("specific")


def test_the_threshold_is_that_of_its_operating_point() -> None:
    with pytest.raises(ValidationError, match=r"expected threshold to be that of balanced, found 0\.3"):
        Parameters(**{**chosen(0.4).model_dump(), "threshold": 0.3})
