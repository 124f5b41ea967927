"""The input checks: usual heads pass, and unusual scans fail with a message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter

from ichor.anatomy.head import find_head
from ichor.findings.checks.check import failed_checks
from ichor.findings.checks.kinds import FailedCheck, InputCheck
from ichor.read import open_scan
from ichor.read.base import ReadOptions
from ichor.scan import Scan
from ichor.windows import BONE, BRAIN, STROKE, SUBDURAL, GrayWindow
from paths import CT_ICH_PART, DEMO
from synthetic_scans import AIR_HU, BRAIN_HU, SKULL_HU
from unusual_scans import (
    HEAD,
    N,
    abdomen,
    arm,
    chest,
    cut_off,
    hu,
    images,
    in_disc,
    leaning,
    noisy,
    padded,
    slices,
    water,
    whole_head,
    with_air_noise,
    with_empty,
    with_headrest,
    with_metal,
    with_vessels,
)

# Brain that grows from nothing, as from the skull base up, and shrinks again.
SMALL_BELOW_TOO = np.r_[26:10:-1, 11:25]
BY_NAME = np.array(sorted(range(1, N + 1), key=str)) - 1
PADDINGS = (AIR_HU, -1024, -2000, -3024, 0)


def failures_of(scan: Scan) -> tuple[FailedCheck, ...]:
    return failed_checks(scan, find_head(scan))


def kinds_of(scan: Scan) -> set[InputCheck]:
    return {one.kind for one in failures_of(scan)}


@pytest.mark.parametrize(
    "scan",
    [
        HEAD,
        images(BRAIN),
        images(BONE, BONE),
        images(SUBDURAL, SUBDURAL),
        whole_head(tilt_deg=20),
        whole_head(n=150, distances_mm=1.0),
        whole_head(blood_at_mm=None),
        whole_head(blood_radii_mm=(30, 40, 40)),
        replace(HEAD, pixel_mm=None, positions_mm=None, thickness_mm=None),
        replace(HEAD, pixel_mm=HEAD.pixel_mm * 0.65),  # a child's
        with_vessels(70),
        with_metal(15, metal_hu=2300),
        with_metal(29),  # above the brain
        with_air_noise(HEAD),
        with_headrest(HEAD),
        padded(HEAD, AIR_HU, (3, 4), (20, 0, 0, 30)),
        padded(HEAD, 0, (3, 4), (20, 10, 15, 30)),
        padded(with_air_noise(HEAD), -3024, (2, 2), (5, 0, 30, 0)),
        in_disc(112, -2000),
        replace(noisy(18), sharp_kernel=False),  # of a thin patient or a large one, by a kernel for the brain
    ],
    ids=lambda scan: "x".join(map(str, scan.voxels.shape)),
)
def test_a_head_passes_all_checks(scan: Scan) -> None:
    assert failures_of(scan) == ()


def test_a_head_with_a_hole_in_the_skull_passes_all_checks() -> None:
    voxels = HEAD.voxels.copy()
    part = voxels[10:20, 80:170, :128]
    part[part >= SKULL_HU] = BRAIN_HU
    assert failures_of(replace(HEAD, voxels=voxels)) == ()


@pytest.mark.parametrize(
    ("scan", "kind", "words"),
    [
        (water(), InputCheck.NOT_A_HEAD, "No head was found"),
        (arm(), InputCheck.NOT_A_HEAD, "40 to 300 cm² of brain inside a skull"),
        (abdomen(), InputCheck.NOT_A_HEAD, "No head was found"),
        (chest(), InputCheck.NOT_A_HEAD, "No head was found"),
        (hu(lambda v: np.where(v >= SKULL_HU, AIR_HU, v)), InputCheck.NOT_A_HEAD, "inside a skull"),
        (replace(HEAD, pixel_mm=HEAD.pixel_mm * 0.4), InputCheck.NOT_A_HEAD, "40 to 300 cm² of brain"),
        (images(BRAIN, of=water()), InputCheck.NOT_A_HEAD, "or the gray is not that of level 40, width 120 HU"),
        (images(BRAIN, BONE), InputCheck.NOT_A_HEAD, "or the gray is not that of level 700, width 3200 HU"),
        (slices(slice(15, None)), InputCheck.PART, "the lowest slice cuts through the brain"),
        (slices(slice(15)), InputCheck.PART, "the highest slice cuts through the brain"),
        (slices([10, 11]), InputCheck.PART, "the lowest and the highest slice cut through the brain"),
        (slices([12]), InputCheck.PART, "Only part of a head"),
        *(
            (padded(slices(slice(15, None)), value, (6, 6)), InputCheck.PART, "the lowest slice cuts")
            for value in PADDINGS
        ),
        *((padded(slices(slice(15)), value, (0, 6)), InputCheck.PART, "the highest slice cuts") for value in PADDINGS),
        *(
            (
                padded(slices([10, 11]), value, (3, 3), (9, 0, 0, 40)),
                InputCheck.PART,
                "the lowest and the highest slice cut",
            )
            for value in PADDINGS
        ),
        (padded(with_air_noise(slices(slice(15, None))), AIR_HU, (6, 6)), InputCheck.PART, "the lowest slice cuts"),
        (
            cut_off(left=20),
            InputCheck.PART,
            "Only part of a head is shown: the left of it lies beyond the field of view",
        ),
        (cut_off(right=20), InputCheck.PART, "the right of it lies"),
        (cut_off(front=20), InputCheck.PART, "the front of it lies"),
        (cut_off(back=20), InputCheck.PART, "the back of it lies"),
        (cut_off(left=60), InputCheck.PART, "the left of it lies"),
        (cut_off(right=25, left=25), InputCheck.PART, "the right and left of it lie beyond"),
        (cut_off(back=25, left=25), InputCheck.PART, "the back and left of it lie beyond"),
        (cut_off(front=25, back=25, right=25, left=25), InputCheck.PART, "the front, back, right and left of it lie"),
        (cut_off(images(BRAIN), left=20), InputCheck.PART, "the left of it lies"),
        (cut_off(whole_head(n=150, distances_mm=1.0), left=20), InputCheck.PART, "the left of it lies"),
        *(
            (padded(cut_off(left=20), value, (2, 2), (8, 0, 5, 30)), InputCheck.PART, "the left of it lies beyond")
            for value in PADDINGS
        ),
        *(
            (in_disc(58, value), InputCheck.PART, "the front, back, right and left of it lie beyond")
            for value in PADDINGS
        ),
        (with_empty(14), InputCheck.INCOMPLETE, "Slice 15 shows nothing, between others that show the head"),
        (with_empty(12, 14, value=0), InputCheck.INCOMPLETE, "Slices 13 and 15 show nothing"),
        (with_empty(*range(6, 14)), InputCheck.INCOMPLETE, "8 slices show nothing"),
        (noisy(18), InputCheck.KERNEL, "as a kernel for bone or lung makes it"),
        (padded(noisy(18), 0, (4, 4), (9, 9, 9, 9)), InputCheck.KERNEL, "Brain is as noisy from pixel to pixel (19 HU"),
        (replace(HEAD, stated_tilt_deg=18.5), InputCheck.GEOMETRY, "Gantry/Detector Tilt is 18.5 degrees, which"),
        (replace(HEAD, stated_tilt_deg=-18.5), InputCheck.GEOMETRY, "slices lie 5% closer together than"),
        (replace(whole_head(tilt_deg=20), stated_tilt_deg=10.0), InputCheck.GEOMETRY, "do not show (20)"),
        (with_vessels(150), InputCheck.CONTRAST, "Vessels are as bright as with contrast agent"),
        (replace(HEAD, contrast=True), InputCheck.CONTRAST, "as the header says"),
        (replace(HEAD, sharp_kernel=True), InputCheck.KERNEL, "It was reconstructed for bone or lung"),
        (replace(HEAD, missing_slices=3), InputCheck.INCOMPLETE, f"About 3 of {N + 3} slices of this head are missing"),
        (with_metal(15), InputCheck.METAL, "0.1 mL of metal (3000 HU and above)"),
        (with_metal(15, metal_hu=20000), InputCheck.METAL, "streaks around it look like blood"),
        (hu(lambda v: v + 1024), InputCheck.GRAY, "The values do not look like HU of a head"),
        (hu(lambda v: np.maximum(v - 1024, -1024)), InputCheck.GRAY, "The values do not look like HU of a head"),
        (hu(lambda v: -v), InputCheck.GRAY, "Around the head it is bright (1000 HU)"),
        (hu(lambda v: 2 * v), InputCheck.GRAY, "Brain lies at 7"),
        (images(SUBDURAL), InputCheck.GRAY, "Brain lies at 13 HU, where 18 to 60 is usual"),
        (images(BONE), InputCheck.GRAY, "Brain lies at 15 HU"),
        (images(GrayWindow(40, 400)), InputCheck.GRAY, "Half of the brain lies within 3 HU"),
        (images(STROKE), InputCheck.GRAY, "the gray may not be that of level 40, width 120 HU"),
        (replace(images(BRAIN), voxels=255 - images(BRAIN).voxels), InputCheck.GRAY, "may be inverted"),
        (slices(np.r_[0:N:2, 1:N:2]), InputCheck.ORDER, "may be in the wrong order"),
        (
            slices(SMALL_BELOW_TOO[BY_NAME]),
            InputCheck.ORDER,
            "may be in the wrong order",
        ),
        (replace(HEAD, thickness_mm=np.full(N, 0.6)), InputCheck.GEOMETRY, "Slices are 0.6 mm thick"),
        (whole_head(n=15, distances_mm=10.0), InputCheck.GEOMETRY, "Slices lie 10 mm apart"),
        (whole_head(size=128, pixel_mm=(1.8, 1.8)), InputCheck.GEOMETRY, "Pixels are 1.8 mm wide"),
        (replace(HEAD, orientation=leaning(35)), InputCheck.GEOMETRY, "Slices lie 35 degrees off the axial plane"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unusual_scan_fails_one_check_with_a_message(scan: Scan, kind: InputCheck, words: str) -> None:
    failed = failures_of(scan)
    assert {one.kind for one in failed} == {kind}
    assert words in " ".join(one.message for one in failed)


def test_mr_with_air_at_minus_1000_fails_the_gray_check() -> None:
    """Skull and brain as bright as in T1-weighted MR, with air at -1000."""
    mr = hu(lambda v: np.select([v >= SKULL_HU, v > AIR_HU], [-900, 350 + 4 * (v - BRAIN_HU)], AIR_HU))
    assert kinds_of(mr) == {InputCheck.GRAY}


def test_a_scan_of_air_fails_without_a_crash() -> None:
    assert kinds_of(hu(lambda v: np.full_like(v, AIR_HU))) & {InputCheck.NOT_A_HEAD, InputCheck.GRAY}


@pytest.mark.parametrize("stated", [None, 0.0, 0.5, 19.0, -20.0])
def test_a_stated_tilt_that_agrees_with_the_slices_passes(stated: float | None) -> None:
    assert failures_of(replace(whole_head(tilt_deg=20), stated_tilt_deg=stated)) == ()
    if stated is None or abs(stated) < 1:
        assert failures_of(replace(HEAD, stated_tilt_deg=stated)) == ()


@pytest.mark.parametrize("stored", [np.float32, np.int32])
def test_the_data_type_of_voxels_does_not_matter(stored: type) -> None:
    scan = with_metal(15)
    assert failures_of(replace(scan, voxels=scan.voxels.astype(stored))) == failures_of(scan)


@pytest.mark.parametrize("subject", ["088", "081", "085"])
def test_a_real_head_passes_all_checks(ct_ich: Path, subject: str) -> None:
    """Also one in the brain window only, and a small child's."""
    assert failures_of(open_scan(ct_ich / "Patients_CT" / subject, ReadOptions())) == ()


@pytest.mark.parametrize("subject", sorted(f.name for f in (CT_ICH_PART / "Patients_CT").iterdir()))
def test_the_upper_part_of_a_real_head_fails_only_the_check_for_completeness(subject: str) -> None:
    found = failures_of(open_scan(CT_ICH_PART / "Patients_CT" / subject, ReadOptions()))
    assert {one.kind for one in found} == {InputCheck.PART}


@pytest.mark.parametrize("padding", [None, *PADDINGS])
def test_a_real_head_with_its_left_cut_off_fails(padding: int | None) -> None:
    scan = open_scan(DEMO, ReadOptions())
    assert scan.pixel_mm is not None
    past_last = find_head(scan).columns[1] - round(25 / scan.pixel_mm[0, 1])
    voxels = scan.voxels[:, :, :past_last]
    if padding is not None:
        voxels = np.pad(voxels, ((0, 0), (40, 0), (0, 90)), constant_values=padding)
    said = [one.message for one in failures_of(replace(scan, voxels=voxels))]
    assert "Only part of a head is shown: the left of it lies beyond the field of view." in said


def test_a_real_head_with_brightening_next_to_bone_fails_only_that_check(ge_head: Path) -> None:
    """Its gantry is tilted, which is no failure."""
    (failure,) = failures_of(open_scan(ge_head, ReadOptions()))
    assert failure.kind is InputCheck.RIM
    assert "11 HU brighter than deeper in, where up to 9 is usual" in failure.message


@pytest.mark.parametrize(("edge_hu", "kinds"), [(5.0, set()), (30.0, {InputCheck.RIM})])
def test_brain_that_brightens_towards_the_skull_fails(edge_hu: float, kinds: set[InputCheck]) -> None:
    bone = HEAD.voxels >= SKULL_HU
    sd_px = 4 / HEAD.pixel_mm[0]  # mm
    shine = np.stack([gaussian_filter(one.astype(np.float32), sd_px) for one in bone])
    voxels = np.where(bone, HEAD.voxels, HEAD.voxels + 2 * edge_hu * shine)  # half of a Gaussian at a straight edge
    failed = failures_of(replace(HEAD, voxels=voxels))
    assert {one.kind for one in failed} == kinds
    assert all("may be no blood" in one.message for one in failed)


def test_blood_along_both_sides_of_the_skull_is_not_explained_away() -> None:
    bone = HEAD.voxels >= SKULL_HU
    from_bone_mm = np.stack([distance_transform_edt(~one, sampling=HEAD.pixel_mm[0]) for one in bone])
    voxels = np.where(~bone & (HEAD.voxels > 0) & (from_bone_mm < 8), np.int16(65), HEAD.voxels)
    (failure,) = failures_of(replace(HEAD, voxels=voxels))
    assert failure.kind is InputCheck.RIM
    assert "Blood along both sides of the skull does the same." in failure.message


def test_a_real_phantom_fails_the_gray_check(phantom: Path) -> None:
    (failure,) = failures_of(open_scan(phantom / "S2010", ReadOptions()))
    assert failure.kind is InputCheck.GRAY and "found 1.0% of the voxels there" in failure.message
