from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ichor.methods.calibration import expit, logit
from ichor.methods.unet_slices.outline import LEAST, outlined, voxels_within

PROBABILITIES = arrays(np.float32, (3, 4, 5), elements=st.floats(0, 1, width=32))


@given(PROBABILITIES, st.floats(0, 1), st.floats(0, 3))
def test_the_cut_is_half_of_the_greatest_expected_dice(
    probability: np.ndarray, threshold: float, offset: float
) -> None:
    mask = outlined(probability, threshold, offset)
    for marked, of in zip(mask, probability, strict=True):
        if of.max() < max(threshold, LEAST):
            assert not marked.any()
            continue
        believed = np.where(of >= LEAST, expit(logit(of) - offset), 0)

        def expected_dice(of_mask: np.ndarray, believed: np.ndarray = believed) -> float:
            return float(2 * believed[of_mask].sum() / (of_mask.sum() + believed.sum()))

        reached = expected_dice(marked)
        others = [of >= cut for cut in np.unique(of[of >= LEAST])]
        assert reached >= max(expected_dice(other) for other in others) - 1e-9
        assert (believed[marked] >= reached / 2 - 1e-6).all() and (believed[~marked] <= reached / 2 + 1e-6).all()


def test_a_faint_lesion_is_marked_whole_and_the_same_around_a_clear_one_is_not() -> None:
    probability = np.full((3, 40, 40), 5e-4, np.float32)
    probability[0, 10:16, 10:16] = 0.3
    probability[1, 8:18, 8:18] = 0.3
    probability[1, 10:16, 10:16] = 0.95
    probability[2, 10:16, 10:16] = 0.1
    mask = outlined(probability, 0.2, 0.0)
    assert mask[0, 10:16, 10:16].all() and mask[0].sum() == 36
    assert mask[1, 10:16, 10:16].all() and mask[1].sum() == 36
    assert not mask[2].any()


def test_a_higher_threshold_marks_fewer_slices_and_no_other_outline() -> None:
    probability = (
        np.random.default_rng(0).random((20, 8, 8), np.float32) * np.linspace(0, 1, 20, dtype=np.float32)[:, None, None]
    )
    low, high = outlined(probability, 0.1, 1.0), outlined(probability, 0.6, 1.0)
    kept = high.any(axis=(1, 2))
    assert 0 < kept.sum() < low.any(axis=(1, 2)).sum()
    np.testing.assert_array_equal(high[kept], low[kept])


def test_a_larger_logit_offset_marks_less() -> None:
    probability = np.sort(np.random.default_rng(1).random((1, 30, 30), np.float32) ** 4)
    sizes = [outlined(probability, 0.5, offset).sum() for offset in (0, 1, 2)]
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_where_all_is_ruled_out_nothing_is_marked() -> None:
    assert not outlined(np.full((2, 4, 4), 9e-4, np.float32), 0.0, 0.0).any()
    assert voxels_within(np.empty(0), np.empty(0, int), 0.0) == 0
