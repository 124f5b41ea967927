from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ichor.methods.classical.head import GridSettings, Head
from ichor.scan import Scan
from synthetic_classical import DEEP, GRID, case, dice, made
from synthetic_scans import PRONE, synthetic_head

SETTINGS = GridSettings.model_validate(GRID)


@pytest.fixture(scope="module")
def scan() -> Scan:
    return made(DEEP)


def test_the_intracranial_space_is_all_within_the_skull(scan: Scan) -> None:
    head = Head.of(scan, SETTINGS)
    truth = head.from_scan(np.abs(np.asarray(scan.hu, float) - 50) < 50)
    assert dice(head.brain, truth) > 0.97
    assert not (head.brain & head.skull).any()


def test_a_mask_comes_back_to_where_it_was() -> None:
    for scan in (made(DEEP), synthetic_head(orientation=PRONE), synthetic_head(pixel_mm=(0.9, 0.7), size=256)):
        truth = case("001", scan).mask
        head = Head.of(scan, SETTINGS)
        assert dice(head.on_scan(head.from_scan(truth)), truth) > 0.93


def test_depth_and_midplane_are_those_of_the_ellipsoid() -> None:
    head = Head.of(made(None), SETTINGS)
    assert head.crop[1].start + head.middle_column == pytest.approx(143 / 2, abs=1)
    assert head.depth_mm[5].max() == pytest.approx(65, abs=3)


def test_the_mirrored_side_of_blood_on_the_left_is_on_the_right(scan: Scan) -> None:
    head = Head.of(scan, SETTINGS)
    blood = head.brain & (head.hu > 55)
    mirrored = head.mirrored(blood.astype(np.float32)) > 0.5
    assert np.nonzero(blood)[2].min() > head.middle_column > np.nonzero(mirrored)[2].max()
    assert dice(head.mirrored(mirrored.astype(np.float32)) > 0.5, blood) > 0.99


def test_a_head_without_skull_or_size_is_not_an_error() -> None:
    scan = made(DEEP)
    bare = replace(scan, voxels=np.full_like(scan.voxels, -1000))
    assert not Head.of(bare, SETTINGS).brain.any()
    unknown = Head.of(replace(scan, pixel_mm=None, positions_mm=None, thickness_mm=None), SETTINGS)
    assert unknown.brain.any() and (unknown.heights_mm == 5).all()
