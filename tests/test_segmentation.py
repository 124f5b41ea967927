from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from ichor.segmentation import MadeBy, Scale, Segmentation, VoxelMap


def segmentation(**changed: Any) -> Segmentation:
    parts: dict[str, Any] = {
        "probability": np.zeros((3, 4, 5), np.float32),
        "mask": np.zeros((3, 4, 5), bool),
        "slice_probability": np.zeros(3),
        "scan_probability": 0.0,
        "made_by": MadeBy("made", 0.5),
    }
    return Segmentation(**parts | changed)


def test_subtypes_are_there_or_not() -> None:
    assert segmentation().subtype_probability is None
    found = segmentation(subtype_probability=np.full((3, 5), 0.2)).subtype_probability
    assert found is not None and found.shape == (3, 5)


def test_a_detector_has_no_mask() -> None:
    assert segmentation().segments
    assert not segmentation(mask=None, probability=None).segments


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mask": np.zeros((3, 4, 4), bool)}, "expected a mask of shape (3, 4, 5), found (3, 4, 4)"),
        ({"mask": None}, "expected a mask and voxel probabilities or neither, found one of them"),
        ({"slice_probability": np.zeros(2)}, "expected one probability for each of 3 slices, found 2"),
        ({"slice_probability": np.full(3, -0.1)}, "expected probabilities of slices and scan in 0 to 1"),
        ({"scan_probability": 1.2}, "expected probabilities of slices and scan in 0 to 1"),
        ({"scan_probability": float("nan")}, "expected probabilities of slices and scan in 0 to 1"),
        ({"probability": np.full((3, 4, 5), 1.2, np.float32)}, "expected probabilities in 0 to 1, found 1.2 to 1.2"),
        ({"probability": np.full((3, 4, 5), np.nan, np.float32)}, "expected probabilities in 0 to 1, found nan"),
        ({"subtype_probability": np.zeros((5, 3))}, "expected subtype probabilities of shape (3, 5), found (5, 3)"),
        ({"subtype_probability": np.zeros((3, 6))}, "expected subtype probabilities of shape (3, 5), found (3, 6)"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        segmentation(**changed)


def test_a_map_says_whether_it_holds_probabilities_or_logits() -> None:
    logits = np.array([40, -5, 0], np.float32).reshape(3, 1, 1)
    assert VoxelMap(logits, Scale.LOGIT).probability().ravel() == pytest.approx([1, 0.00669, 0.5], abs=1e-5)
    with pytest.raises(ValueError, match="expected probabilities in 0 to 1, found -5 to 40"):
        VoxelMap(logits)
    with pytest.raises(ValueError, match="expected finite values"):
        VoxelMap(np.full((1, 1, 1), np.inf, np.float32), Scale.LOGIT)
    with pytest.raises(ValueError, match="expected values of shape"):
        VoxelMap(np.zeros((2, 2), np.float32))
