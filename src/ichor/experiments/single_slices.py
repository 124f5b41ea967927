"""Predicts each slice of a test subject as a scan by itself, for methods that have parameters for such scans."""

from __future__ import annotations

import numpy as np

from ichor.dataset.case import Case
from ichor.evaluate.prediction import SingleSlices
from ichor.methods import Method
from ichor.methods.capabilities import TakesSingleSlices


def predict_single_slices(method: Method, case: Case) -> SingleSlices | None:
    """What the method says of each slice by itself; None if such scans are to it like any other."""
    if not isinstance(method, TakesSingleSlices):
        return None
    found = [method.predict(one.scan) for one in method.single_slices(case)]
    if not found:
        return None
    marked = [one.mask is not None and bool(one.mask.any()) for one in found]
    return SingleSlices(np.array([one.scan_probability for one in found]), np.array(marked))
