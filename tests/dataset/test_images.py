"""The same scan is found in two datasets by its images, and different heads are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.images.overlaps import (
    LEAST_CORRELATION,
    copies_between,
    copies_in,
    copies_within,
    prints_in,
    without_copies,
)
from ichor.dataset.images.prints import Prints, prints_of
from ichor.dataset.together import Together, open_data
from ichor.errors import BadConfig
from ichor.scan import Scan, Source
from ichor.windows import BRAIN, GrayWindow
from paths import CT_ICH_PART
from synthetic_datasets import save_nifti, write_bhsd, write_instance2022

NARROW = GrayWindow(40, 80)
Hu = NDArray[np.float32]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def heads() -> dict[str, Hu]:
    """Real heads, in HU."""
    dataset = CtIch(CT_ICH_PART)
    return {subject: np.asarray(dataset.case(subject).scan.hu, np.float32) for subject in dataset.subjects}


def scan_of(hu: NDArray[np.generic]) -> Scan:
    return Scan(np.asarray(hu, np.float32), Source("images", Path("made")))


@pytest.fixture(scope="module")
def prints(heads: dict[str, Hu]) -> dict[str, Prints]:
    return {subject: prints_of(scan_of(hu)) for subject, hu in heads.items()}


def gray(hu: Hu, window: GrayWindow) -> NDArray[np.uint8]:
    return np.rint(window.gray(hu)).astype(np.uint8)


def as_jpeg(slices: NDArray[np.uint8], quality: int) -> Hu:
    made = []
    for one in slices:
        content = BytesIO()
        Image.fromarray(one).save(content, "JPEG", quality=quality)
        made.append(np.asarray(Image.open(content)))
    return np.stack(made).astype(np.float32)


def smaller(hu: Hu, size: int) -> Hu:
    return ndimage.zoom(hu, (1, size / hu.shape[1], size / hu.shape[2]), order=1)


CHANGES: dict[str, Callable[[Hu], NDArray[np.generic]]] = {
    "saved again": np.rint,
    "8 bits of the brain window": lambda hu: BRAIN.hu(gray(hu, BRAIN)),
    "8 bits of a narrow window": lambda hu: NARROW.hu(gray(hu, NARROW)),
    "8 bits of a narrow window, read as the brain window": lambda hu: BRAIN.hu(gray(hu, NARROW)),
    "poor JPEG of 256 pixels": lambda hu: NARROW.hu(as_jpeg(gray(smaller(hu, 256), NARROW), 60)),
    "256 pixels": lambda hu: smaller(hu, 256),
    "other margins": lambda hu: np.pad(hu[:, 15:, 10:-20], ((0, 0), (60, 0), (0, 30)), constant_values=-1000),
    "noise and an offset": lambda hu: hu + 8 + np.random.default_rng(0).normal(0, 4, hu.shape),
    "mirrored": lambda hu: hu[:, :, ::-1],
    "transposed and upside down": lambda hu: hu.transpose(0, 2, 1)[:, ::-1],
    "every second slice": lambda hu: hu[::2],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found_whatever_was_done_to_it(change: str, heads: dict[str, Hu], prints: dict[str, Prints]) -> None:
    changed = {f"copy of {subject}": prints_of(scan_of(CHANGES[change](hu))) for subject, hu in heads.items()}
    found = {(copy.first, copy.second) for copy in copies_between(changed, prints)}
    assert found == {(f"copy of {subject}", subject) for subject in heads}


def test_different_heads_are_told_apart(prints: dict[str, Prints]) -> None:
    assert copies_within(prints) == []


@pytest.mark.long
def test_all_heads_of_ct_ich_are_told_apart(ct_ich: Path) -> None:
    assert copies_within(prints_in(CtIch(ct_ich))) == []


def test_fingerprints_are_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_data([str(write_instance2022(tmp_path / "data"))])
    before = prints_in(dataset)
    monkeypatch.setattr("ichor.dataset.images.overlaps.prints_of", None)
    again = prints_in(dataset)
    assert [*again] == [*before] and all(np.array_equal(again[one], before[one]) for one in before)


@pytest.fixture
def both(tmp_path: Path) -> Together:
    """BHSD, and a challenge whose second scan is the first of BHSD, saved with other pixels."""
    bhsd = open_data([str(write_bhsd(tmp_path / "bhsd", {"ID_0_ID_0": 1, "ID_1_ID_1": 5}))])
    write_instance2022(tmp_path / "instance")
    hu = np.asarray(bhsd.case("ID_0_ID_0").scan.hu)
    mask = bhsd.case("ID_0_ID_0").mask
    for folder, slices in (("data", hu), ("label", mask.astype(np.uint8))):
        save_nifti(tmp_path / "instance/train_2" / folder / "002.nii.gz", slices)
    opened = open_data([f"bhsd={tmp_path / 'bhsd'}", f"instance2022={tmp_path / 'instance'}"])
    assert isinstance(opened, Together)
    return opened


def test_datasets_that_share_a_scan_are_refused_with_its_names(both: Together) -> None:
    with pytest.raises(BadConfig, match=r"no scan in two datasets, found the same images in bhsd\.ID_0_ID_0 and inst"):
        without_copies(both)


def test_copies_can_be_left_out(both: Together) -> None:
    rest = without_copies(both, leave_out=True)
    assert {*both.subjects} - {*rest.subjects} == {"instance2022.002"}
    assert rest.fingerprint != both.fingerprint


def test_no_pair_reaches_the_limit_by_being_empty() -> None:
    air = prints_of(scan_of(np.full((3, 40, 40), -1000.0)))
    assert len(air) == 0 and copies_between({"air": air}, {"air too": air}) == []
    assert 0.8 < LEAST_CORRELATION < 0.9


def test_only_different_datasets_are_compared(both: Together) -> None:
    assert [(one.first, one.second) for one in copies_in(both)] == [("bhsd.ID_0_ID_0", "instance2022.002")]
    assert copies_in(both.parts["bhsd"]) == []


def test_scans_of_known_orientation_are_turned_first(heads: dict[str, Hu], prints: dict[str, Prints]) -> None:
    subject, hu = next(iter(heads.items()))
    scan = scan_of(hu[:, ::-1])
    upright = replace(scan, orientation=np.tile([[1.0, 0, 0], [0, -1.0, 0]], (len(hu), 1, 1)))
    np.testing.assert_array_equal(prints_of(upright), prints[subject])
