from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ichor.runs.kept import pack, unpack


@given(st.floats(0, 1))
def test_a_packed_probability_is_within_a_tenth_of_its_logit(p: float) -> None:
    found = float(unpack(pack(np.array([p])))[0])
    assert 0 <= found <= 1
    if 5e-6 < p < 1 - 5e-6:
        logit = np.log(p / (1 - p))
        assert abs(np.log(found / (1 - found)) - logit) < 0.051
    else:
        assert abs(found - p) < 1e-5


def test_zero_and_one_stay_exact_and_order_is_kept() -> None:
    assert unpack(pack(np.array([0.0, 1.0]))).tolist() == [0, 1]
    grid = np.linspace(0, 1, 1001)
    assert (np.diff(unpack(pack(grid))) >= 0).all()
