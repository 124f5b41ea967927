from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.read import open_scan
from ichor.read.ct_ich_jpg import combine, read_mask
from ichor.windows import BONE, BRAIN
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich

SUBJECTS = CT_ICH_PART / "Patients_CT"


def test_hu_comes_back_from_the_two_windows() -> None:
    hu = np.array([[-1000.0, -200, -19, 0, 40, 99, 150, 1500, 2300]])
    brain, bone = (np.round(w.gray(hu)).astype(np.uint8) for w in (BRAIN, BONE))
    found = combine(brain, bone)
    inside = (hu > -20) & (hu < 100)
    assert np.abs(found - hu)[inside].max() <= 120 / 255 / 2 + 1e-3
    assert np.abs(found - np.maximum(hu, -900))[~inside].max() <= 3200 / 255 / 2 + 1e-3


def test_the_bone_window_never_contradicts_the_brain_window() -> None:
    brain = np.array([[0, 255]], np.uint8)
    bone = np.round(BONE.gray([[40.0, 40.0]])).astype(np.uint8)  # JPEG noise may say soft tissue
    found = combine(brain, bone)
    assert found[0, 0] <= BRAIN.lowest_hu
    assert found[0, 1] >= BRAIN.highest_hu


def test_air_stays_air_where_compression_left_it_a_shade_brighter() -> None:
    brain = np.array([[3, 3, 251, 251]], np.uint8)
    bone = np.array([[0, 70, 160, 80]], np.uint8)  # air, fat and water, bone, blood
    found = combine(brain, bone)[0]
    assert found[0] == -900
    assert found[1] == pytest.approx(BRAIN.hu(3))
    assert found[2] > 1000
    assert found[3] == pytest.approx(BRAIN.hu(251))


def test_a_real_subject() -> None:
    scan = open_scan(SUBJECTS / "049")
    assert scan.voxels.shape == (13, 650, 650)
    assert scan.spacing_mm == (0.33, 0.33, 5.0)
    assert scan.hu.min() == -900
    assert scan.hu.max() > 1500
    assert scan.source.kind == "ct-ich"
    assert any("nominal" in w for w in scan.warnings)


def test_a_part_of_a_subject_says_which_slices_are_not_here() -> None:
    warnings = open_scan(SUBJECTS / "049").warnings
    assert "Slices 1 to 20 are missing: the lowest slice is number 21." in warnings


def test_the_missing_bone_slice_is_reported() -> None:
    scan = open_scan(SUBJECTS / "084")
    assert "No bone-window image of slice 36." in scan.warnings
    assert scan.hu[15].min() == BRAIN.lowest_hu
    assert scan.hu[15].max() == BRAIN.highest_hu
    assert scan.hu[14].min() < -800


def test_bone_images_of_other_slices_are_ignored() -> None:
    scan = open_scan(SUBJECTS / "081")
    assert any("ignored" in w for w in scan.warnings)
    assert scan.hu.min() == BRAIN.lowest_hu
    assert scan.hu.max() == BRAIN.highest_hu


@pytest.mark.parametrize("shift", [-2, -1, 1, 3])
def test_bone_images_are_compared_whatever_the_subjects_number(tmp_path: Path, shift: int) -> None:
    folder = tmp_path / "081"
    shutil.copytree(SUBJECTS / "049", folder)
    scan = open_scan(folder)
    assert not any("ignored" in w for w in scan.warnings)
    bone = sorted((SUBJECTS / "049" / "bone").iterdir(), key=lambda file: int(file.stem))
    for file in bone:
        (folder / "bone" / file.name).unlink()
    for file in bone:
        if (folder / "brain" / (name := f"{int(file.stem) + shift}.jpg")).exists():
            shutil.copyfile(file, folder / "bone" / name)
    shifted = open_scan(folder)
    assert any("ignored" in w for w in shifted.warnings) and not any("No bone-window" in w for w in shifted.warnings)
    assert shifted.hu.max() == BRAIN.highest_hu < scan.hu.max()


def test_gray_128_is_not_hemorrhage() -> None:
    mask = read_mask(SUBJECTS / "088")
    assert mask.sum(axis=(1, 2))[3:9].tolist() == [1052, 2050, 2636, 2394, 1543, 615]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "brain/2.jpg").unlink(), r"expected slices 1 to 3, found none with the numbers \[2\]"),
        (lambda f: (f / "brain/2.jpg").write_bytes(b"no image"), r"2\.jpg: expected a JPEG image"),
        (lambda f: [x.unlink() for x in (f / "brain").iterdir()], r"expected slices 1\.jpg, 2\.jpg"),
    ],
)
def test_a_broken_subject_is_refused_in_one_line(tmp_path: Path, spoil, message: str) -> None:
    folder = write_ct_ich(tmp_path, {"049": 0}, n_slices=3) / "Patients_CT/049"
    spoil(folder)
    with pytest.raises(UnreadableInput, match=message) as caught:
        open_scan(folder)
    assert "\n" not in str(caught.value)


def test_another_size_is_refused(tmp_path: Path) -> None:
    from PIL import Image

    folder = write_ct_ich(tmp_path, {"049": 0}, n_slices=2) / "Patients_CT/049"
    Image.new("L", (512, 512)).save(folder / "bone/1.jpg")
    with pytest.raises(UnreadableInput, match=r"bone/1\.jpg: expected 650 x 650 pixels, found 512 x 512"):
        open_scan(folder)
