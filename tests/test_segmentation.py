from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from ichor.segmentation import MadeBy, Segmentation


def segmentation(**changed: Any) -> Segmentation:
    parts: dict[str, Any] = {
        "probability": np.zeros((3, 4, 5), np.float32),
        "mask": np.zeros((3, 4, 5), bool),
        "slice_probability": np.zeros(3),
        "scan_probability": 0.0,
        "made_by": MadeBy("made", None, "1", 0.5),
    }
    return Segmentation(**parts | changed)


def test_subtypes_are_told_or_not() -> None:
    assert segmentation().subtype_probability is None
    told = segmentation(subtype_probability=np.full((3, 5), 0.2)).subtype_probability
    assert told is not None and told.shape == (3, 5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mask": np.zeros((3, 4, 4), bool)}, "expected a mask of shape (3, 4, 5), found (3, 4, 4)"),
        ({"slice_probability": np.zeros(2)}, "expected one probability for each of 3 slices, found (2,)"),
        ({"subtype_probability": np.zeros((5, 3))}, "expected subtype probabilities of shape (3, 5), found (5, 3)"),
        ({"subtype_probability": np.zeros((3, 6))}, "expected subtype probabilities of shape (3, 5), found (3, 6)"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        segmentation(**changed)
