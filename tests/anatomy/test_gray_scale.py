from __future__ import annotations

import numpy as np
import pytest

from ichor.anatomy.gray_scale import with_usual_brain
from ichor.anatomy.skull import bone_of, inside
from ichor.windows import BRAIN, SUBDURAL, GrayWindow
from simulate_heads import head_case


def read(shown: GrayWindow, assumed: GrayWindow = BRAIN) -> tuple[np.ndarray, np.ndarray]:
    """A head's HU, and what is read of its pictures in the window `shown` if another one is assumed."""
    hu = np.asarray(head_case().scan.hu, np.float32)
    return hu, assumed.hu(np.rint(shown.gray(hu)))


@pytest.mark.parametrize("high", [255.0, 180.0, 400.0])
def test_a_window_that_begins_at_0_is_found_by_its_brain(high: float) -> None:
    hu, dark = read(GrayWindow(high / 2, high))
    found = with_usual_brain(dark, BRAIN)
    brain = (hu > 20) & (hu < 60)
    assert np.median(dark[brain]) < 10
    assert np.median(found[brain]) == pytest.approx(33, abs=1)
    assert found.min() >= 0
    assert np.corrcoef(found[brain], hu[brain])[0, 1] > 0.85


@pytest.mark.parametrize("shown", [BRAIN, GrayWindow(40, 80), GrayWindow(35, 80), GrayWindow(50, 100)])
def test_windows_about_brain_are_not_changed(shown: GrayWindow) -> None:
    dark = read(shown)[1]
    assert with_usual_brain(dark, BRAIN) is dark


def test_the_window_that_is_known_to_be_right_is_not_changed() -> None:
    right = read(SUBDURAL, SUBDURAL)[1]
    assert with_usual_brain(right, SUBDURAL) is right


@pytest.mark.parametrize("value", [-20.0, -17.0, 100.0])
def test_black_and_white_pictures_are_not_changed(value: float) -> None:
    hu = np.full((2, 40, 40), value, np.float32)
    assert with_usual_brain(hu, BRAIN) is hu


@pytest.mark.parametrize("share", [0.52, 0.7])
def test_brain_beside_wide_ventricles_is_not_changed(share: float) -> None:
    """Fluid in most of the inside of the skull is no sign of a wider window."""
    shown = read(BRAIN)[1]
    inner = inside(bone_of(shown)) & (shown > BRAIN.lowest_hu + 0.06 * BRAIN.width)
    rows = np.cumsum(inner, axis=1) / np.maximum(inner.sum(axis=1, keepdims=True), 1)
    fluid = inner & (rows.max(axis=2, keepdims=True) < share)
    shown[fluid] = np.random.default_rng(0).normal(7, 2, int(fluid.sum()))
    assert np.median(shown[inner]) < 10
    assert with_usual_brain(shown, BRAIN) is shown
