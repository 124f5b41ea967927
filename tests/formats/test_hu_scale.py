from __future__ import annotations

import numpy as np
import pytest

from ichor.dataset.ct_ich.release import GRAY_STEPS
from ichor.formats.hu_scale import WHOLE_HU
from ichor.read.ct_ich_jpg import combine
from ichor.windows import BRAIN


def test_whole_hu_are_stored_as_they_are() -> None:
    hu = np.array([-1024, 0, 40, 3071], np.int16)
    assert np.array_equal(WHOLE_HU.stored(hu), hu)


def test_every_hu_of_the_two_windows_is_a_whole_number_of_steps() -> None:
    """Each pair of gray values there can be, and the brain window alone."""
    brain, bone = (gray.astype(np.uint8) for gray in np.mgrid[:256, :256])
    for hu in (combine(brain, bone), BRAIN.hu(brain)):
        stored = GRAY_STEPS.stored(hu)
        assert np.abs(stored * GRAY_STEPS.slope + GRAY_STEPS.intercept - hu).max() < 5e-4  # float32


def test_hu_beyond_16_bits_are_refused_with_both_ranges() -> None:
    with pytest.raises(ValueError, match=r"expected HU from -32768 to 32767, found -1000 to 40000"):
        WHOLE_HU.stored(np.array([-1000, 40000]))
