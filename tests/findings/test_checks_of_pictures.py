"""The input checks of pictures of unknown pixel size and window: single slices, and all slices of a scan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from ichor.anatomy.head import find_head
from ichor.dataset.case import Case
from ichor.findings.checks.check import failed_checks
from ichor.findings.checks.gray import shortest_half
from ichor.findings.checks.kinds import FailedCheck, InputCheck
from ichor.read import open_scan
from ichor.scan import Scan
from ichor.simulate.pictures import Style, picture
from ichor.windows import BONE, BRAIN, STROKE, SUBDURAL, GrayWindow
from paths import CT_ICH_PART
from synthetic_scans import AIR_HU, BLOOD_HU, SKULL_HU
from unusual_scans import HEAD, PIXEL_MM, SIZE, abdomen, arm, chest, water, whole_head

ZERO_TO_80 = GrayWindow(40, 80)
STYLES = {
    "png": Style(),
    "frame": Style(side=256, annotated=True),
    "frame and jpeg": Style(side=256, annotated=True, jpeg_quality=60),
    "small, frame and jpeg": Style(side=128, annotated=True, jpeg_quality=60),
}
REAL = ["049", "051", "070", "129"]


def case_of(scan: Scan) -> Case:
    nothing = np.zeros(scan.voxels.shape, bool)
    return Case("051", scan, nothing, np.zeros((scan.n_slices, 5), bool))


def alone(scan: Scan, k: int, style: Style) -> Scan:
    return picture(style, case_of(scan), k, np.random.default_rng(k)).scan


def folder(scan: Scan, style: Style) -> Scan:
    rng = np.random.default_rng(0)
    made = [picture(style, case_of(scan), k, rng).scan for k in range(scan.n_slices)]
    return replace(made[0], voxels=np.concatenate([one.voxels for one in made]), orientation=HEAD.orientation)


def real(subject: str) -> Scan:
    return open_scan(CT_ICH_PART / "Patients_CT" / subject)


def failures_of(scan: Scan) -> tuple[FailedCheck, ...]:
    return failed_checks(scan, find_head(scan))


def kinds_of(scan: Scan) -> set[InputCheck]:
    return {one.kind for one in failures_of(scan)}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("window", [BRAIN, ZERO_TO_80], ids=["brain", "0 to 80"])
@pytest.mark.parametrize("subject", REAL)
def test_a_picture_of_a_real_slice_is_only_part_of_a_head(subject: str, window: GrayWindow, style: Style) -> None:
    scan = real(subject)
    assert kinds_of(alone(scan, scan.n_slices // 3, replace(style, window=window))) == {InputCheck.PART}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("window", [BRAIN, ZERO_TO_80], ids=["brain", "0 to 80"])
def test_the_pictures_of_a_whole_head_pass_all_checks(window: GrayWindow, style: Style) -> None:
    assert failures_of(folder(HEAD, replace(style, window=window))) == ()


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize(
    "window", [SUBDURAL, STROKE, GrayWindow(40, 400), GrayWindow(127.5, 255), BONE], ids=lambda one: f"{one.width:g}"
)
@pytest.mark.parametrize("subject", REAL)
def test_a_picture_in_another_window_is_not_taken_for_a_sound_one(
    subject: str, window: GrayWindow, style: Style
) -> None:
    scan = real(subject)
    found = kinds_of(alone(scan, scan.n_slices // 3, replace(style, window=window)))
    assert found in ({InputCheck.GRAY}, {InputCheck.NOT_A_HEAD})


@pytest.mark.parametrize("window", [STROKE, GrayWindow(40, 60)], ids=["20 to 60", "10 to 70"])
def test_a_declared_window_in_which_blood_is_as_bright_as_bone_fails(window: GrayWindow) -> None:
    scan = replace(HEAD, voxels=np.rint(window.gray(HEAD.hu)).astype(np.uint8), gray_window=window)
    (failed,) = failures_of(scan)
    assert failed.kind is InputCheck.GRAY
    assert failed.message == f"The window ends at {window.highest_hu:g} HU, so dense blood cannot be told from bone."


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("subject", REAL)
def test_an_inverted_picture_fails_the_gray_check(subject: str, style: Style) -> None:
    scan = real(subject)
    inverted = replace(scan, voxels=80 - scan.voxels.astype(np.int32))
    (failure,) = failures_of(alone(inverted, scan.n_slices // 3, style))
    assert failure.kind is InputCheck.GRAY and "may be inverted" in failure.message


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("scan", [abdomen(), chest(), arm(), water()], ids=["abdomen", "chest", "arm", "water"])
def test_a_picture_of_something_else_is_not_a_head(scan: Scan, style: Style) -> None:
    (failure,) = failures_of(alone(scan, 12, style))
    assert failure.kind is InputCheck.NOT_A_HEAD
    assert "no slice shows brain inside a skull, or the gray is not that of" in failure.message


def at_the_skull_base(scan: Scan) -> Scan:
    """Every slice with muscle around the skull, so that brain is a third of the tissue."""
    voxels = scan.voxels.copy()
    inside = ndimage.binary_fill_holes(voxels[12] >= SKULL_HU)
    rows, columns = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2) / (SIZE / 2)
    muscle = (np.hypot(rows, columns) < 1) & ~inside
    small = ndimage.zoom(voxels[12], 0.875, order=0)
    margin = (SIZE - len(small)) // 2
    shrunk = np.pad(small, margin, constant_values=AIR_HU)
    grainy = np.random.default_rng(0).normal(50, 4, shrunk.shape)
    voxels[:] = np.where((shrunk == AIR_HU) & (muscle | inside), np.rint(grainy), shrunk)
    return replace(scan, voxels=voxels)


def test_a_single_slice_at_the_skull_base_shows_a_head() -> None:
    scan = at_the_skull_base(HEAD)
    assert kinds_of(alone(scan, 12, Style())) == {InputCheck.PART}
    assert kinds_of(folder(scan, Style())) == {InputCheck.NOT_A_HEAD}  # no slice of a whole scan shows more


def with_hematoma(scan: Scan, hu: float) -> Scan:
    blood = whole_head(blood_at_mm=(25.0, 10.0, 75.0), blood_radii_mm=(22, 35, 50)).voxels
    own = np.abs(blood - BLOOD_HU) < 25
    usual = np.abs(HEAD.voxels - BLOOD_HU) < 25
    return replace(scan, voxels=np.where(own & ~usual, scan.voxels + (hu - 35), scan.voxels).astype(np.int16))


def test_a_hematoma_in_a_narrow_window_is_not_contrast_agent() -> None:
    scan = with_hematoma(HEAD, 75)
    assert failures_of(folder(scan, Style(window=ZERO_TO_80))) == ()


def with_arteries(scan: Scan, hu: float) -> Scan:
    """Eight arteries of 4 mm on each slice."""
    rows, columns = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2) * PIXEL_MM
    turns = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    arteries = np.any([np.hypot(rows - 20 * np.sin(one), columns - 20 * np.cos(one)) < 2 for one in turns], axis=0)
    return replace(scan, voxels=np.where(arteries & (scan.voxels < SKULL_HU), hu, scan.voxels).astype(np.int16))


@pytest.mark.parametrize("window", [BRAIN, ZERO_TO_80], ids=["brain", "0 to 80"])
def test_contrast_agent_in_the_pictures_of_a_whole_head_fails(window: GrayWindow) -> None:
    scan = with_hematoma(with_arteries(HEAD, 150), 75)
    assert kinds_of(folder(scan, Style(window=window))) == {InputCheck.CONTRAST}


def test_of_a_single_slice_contrast_agent_is_not_claimed() -> None:
    assert kinds_of(alone(with_arteries(HEAD, 150), 12, Style())) == {InputCheck.PART}


@pytest.mark.parametrize("subject", REAL)
def test_grays_of_the_bone_window_are_too_coarse_to_be_judged_by_their_spread(subject: str) -> None:
    scan = real(subject)
    voxels = np.rint(BONE.gray(scan.hu)).astype(np.uint8)
    assert InputCheck.GRAY not in kinds_of(replace(scan, voxels=voxels, gray_window=BONE))


def test_the_shortest_half_does_not_depend_on_the_other_values() -> None:
    brain = np.random.default_rng(0).normal(35, 5, 1000)
    low, high = shortest_half(brain)
    assert high - low == pytest.approx(2 * 0.674 * 5, rel=0.1) and (low + high) / 2 == pytest.approx(35, abs=1.5)
    assert np.mean((brain >= low) & (brain <= high)) == pytest.approx(0.5, abs=0.01)
    rng = np.random.default_rng(1)
    others = np.r_[brain, rng.uniform(70, 100, 450), rng.uniform(-20, 10, 100)]
    low_too, high_too = shortest_half(others)
    assert high_too - low_too < 2 * (high - low) < 0.5 * np.ptp(np.percentile(others, (25, 75)))
    assert 25 < low_too < high_too < 45


def test_the_reader_takes_a_png_as_the_simulation_does(tmp_path: Path) -> None:
    from PIL import Image

    made = alone(real("049"), 4, STYLES["frame and jpeg"])
    (tmp_path / "pictures").mkdir()
    Image.fromarray(np.asarray(made.voxels[0])).save(tmp_path / "pictures/1.png")
    read = open_scan(tmp_path / "pictures")
    assert np.array_equal(read.voxels, made.voxels)
    assert read.gray_window == made.gray_window == BRAIN
    for unknown in ("pixel_mm", "positions_mm", "thickness_mm"):
        assert getattr(read, unknown) is None and getattr(made, unknown) is None
    assert failures_of(read) == failures_of(made)
