"""Whether values are HU of a head, and which of those that are not can be repaired: on real heads."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ichor.read import open_scan
from ichor.read.hounsfield import lost_offset, why_not_hu, wrapped
from paths import CT_ICH_PART, DEMO, GE_HEAD_PART, TEMPLATES
from phantom import head

ADULTS = ["049", "070", "088", "094", "108"]
HEADS = {"demonstration": DEMO, "GE": GE_HEAD_PART} | {one: CT_ICH_PART / "Patients_CT" / one for one in ADULTS}


@pytest.fixture(scope="module", params=HEADS)
def hu(request: pytest.FixtureRequest) -> np.ndarray:
    return np.rint(open_scan(HEADS[request.param]).hu).astype(np.int16)


@pytest.mark.parametrize("offset", [1024, 1000])
def test_a_lost_offset_is_found(hu: np.ndarray, offset: int) -> None:
    stored = (hu.astype(np.int32) + offset).clip(0, 4095)
    assert lost_offset(stored.astype(np.uint16)) == offset
    assert lost_offset(stored.astype(np.float32)) == offset
    assert "1000 or 1024 added" in (why_not_hu(stored) or "")


@pytest.mark.parametrize("offset", [0, 500, 2048, 32768 // 2])
def test_another_offset_is_not_guessed(hu: np.ndarray, offset: int) -> None:
    assert lost_offset((hu.astype(np.int32) + offset).clip(0, 32767)) is None


def test_values_that_wrapped_around_are_restored(hu: np.ndarray) -> None:
    around = hu.view(np.uint16)
    np.testing.assert_array_equal(wrapped(around), hu)
    assert wrapped(hu) is None
    assert wrapped((hu.astype(np.int32) + 1024).astype(np.uint16)) is None
    assert wrapped(np.where(hu < 0, 40000, hu).astype(np.uint16)) is None


def test_a_phantom_or_an_mr_is_never_given_an_offset() -> None:
    rng = np.random.default_rng(0)
    tissue = 1060 + 150 * gaussian_filter(rng.normal(0, 1, (20, 64, 64)), 2) / 0.08  # as bright as HU + 1024, but wider
    mr = np.where(rng.random((20, 64, 64)) < 0.4, rng.normal(30, 10, (20, 64, 64)), tissue).clip(0, 4095)
    assert lost_offset(np.rint(mr).astype(np.uint16)) is None
    water = np.where(rng.random((20, 64, 64)) < 0.4, 24, 1024 + rng.normal(0, 3, (20, 64, 64)))
    assert lost_offset(np.rint(water).astype(np.uint16)) is None
    for name in ("scct.nii", "scct_stripped.nii"):
        assert lost_offset(np.asanyarray(nibabel.load(TEMPLATES / name).dataobj)) is None


def brain_alone(hu: np.ndarray) -> np.ndarray:
    """Skull-stripped and clipped, as pipelines for research leave it: 0 to 100 HU on a background of 0."""
    inside = np.zeros(hu.shape, bool)
    for k, bone in enumerate(hu > 200):
        sides = [np.maximum.accumulate(np.flip(bone, way), way) for way in (0, 1)]
        inside[k] = np.logical_and.reduce(
            [np.maximum.accumulate(bone, way) for way in (0, 1)]
            + [np.flip(side, way) for way, side in enumerate(sides)]
        )
    return np.where(inside & (hu > -20) & (hu < 120), hu.clip(0, 100), 0).astype(np.int16)


def test_a_stripped_brain_is_hu_unless_it_is_stored_in_bytes(hu: np.ndarray) -> None:
    stripped = brain_alone(hu)
    assert why_not_hu(stripped) is None
    assert "stored as bytes" in (why_not_hu(stripped.astype(np.uint8), in_bytes=True) or "")


def atlas() -> np.ndarray:
    """A skull-stripped MR whose values lie where a brain's HU do, some voxels apart."""
    z, y, x = np.mgrid[-20:20, -40:40, -35:35]
    inside = (x / 33) ** 2 + (y / 38) ** 2 + (z / 19) ** 2 < 1
    rng = np.random.default_rng(0)
    signal = np.clip(35 + 14 * gaussian_filter(rng.normal(0, 1, inside.shape), 3) / 0.05, 4, 255)
    signal[rng.random(signal.shape) < 0.01] = 200
    return np.where(inside, signal, 0)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_a_stripped_mr_is_refused_however_it_is_stored(kind: type) -> None:
    assert "MR, an atlas" in (why_not_hu(atlas().astype(kind), in_bytes=kind is np.uint8) or "")


def test_labels_of_an_atlas_are_refused() -> None:
    labels = (np.where(atlas() > 0, 1, 0) * (30 + np.arange(70) // 5)).astype(np.int16)
    assert "labels of an atlas" in (why_not_hu(labels) or "")


def test_the_made_head_is_hu() -> None:
    assert why_not_hu(head()) is None
