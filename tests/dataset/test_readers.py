"""Each dataset is recognized, opened, and gives the labels that were written, and no others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.case import Case
from ichor.dataset.facts import Label
from ichor.dataset.folds import OF_UNKNOWN_SUBTYPE, WITHOUT
from ichor.dataset.registry import get_kind, kinds, open_dataset
from ichor.errors import BadConfig, UnreadableInput
from ichor.subtypes import Subtype
from synthetic_datasets import (
    LAS,
    N,
    made_head,
    save_nifti,
    write_bhsd,
    write_bids,
    write_cpaisd,
    write_cq500,
    write_hemorica,
    write_hemseg,
    write_instance2022,
    write_nnunet,
    write_phe_sich,
    write_rsna2019,
)

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # RSNA's identifiers are no UIDs
COLUMNS = {subtype: k for k, subtype in enumerate(Subtype)}
BHSD = {"ID_0237f3c9_ID_40015688b9": 1, "ID_0237f3c9_ID_563afa0901": 3, "ID_02b882cc_ID_a4892e60ae": 5}
RSNA = [("ID_0a", "ID_00aa", "subdural"), ("ID_0a", "ID_00ab", ""), ("ID_0b", "ID_00bb", "intraventricular")]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


WRITERS: dict[str, Callable[[Path], Path]] = {
    "bhsd": lambda root: write_bhsd(root, BHSD),
    "hemseg": lambda root: write_hemseg(root, {"bf7891541c": "ID_00e394df"}),
    "hemorica": lambda root: write_hemorica(root, {"p1": "EPH", "p2": "ICH"}),
    "instance2022": write_instance2022,
    "rsna2019": lambda root: write_rsna2019(root, RSNA),
    "cq500": lambda root: write_cq500(root, [(3, "SDH"), (1, "IPH"), (0, "")]),
    "phe-sich": write_phe_sich,
    "cpaisd": lambda root: write_cpaisd(root, {"study-a": "train", "study-b": "test"}),
    "bids": lambda root: write_bids(root, {"01": 40, "02": 50}),
    "nnunet": lambda root: write_nnunet(root, {"background": 0, "hemorrhage": 1}, [made_head(800)[1]]),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_layout_is_recognized_as_that_of_its_dataset_alone(name: str, tmp_path: Path) -> None:
    root = WRITERS[name](tmp_path / "data")
    assert [kind.name for kind in kinds() if kind.recognizes(root)] == [name]
    dataset = open_dataset(root)
    assert dataset.facts.kind == name and dataset.facts.labels_text == get_kind(name).open(root).facts.labels_text
    with pytest.raises(UnreadableInput, match=r"expected the dataset ct-ich .* found another layout"):
        open_dataset(root, "ct-ich")


@pytest.mark.parametrize("name", WRITERS)
def test_every_case_has_the_labels_that_its_dataset_promises(name: str, tmp_path: Path) -> None:
    dataset = open_dataset(WRITERS[name](tmp_path / "data"))
    for subject in dataset.subjects:
        case = dataset.case(subject)
        assert dataset.facts.labels <= case.known
        assert case.scan.n_slices == dataset.n_slices(subject) == N
        np.testing.assert_array_equal(dataset.scan(subject).voxels, case.scan.voxels)
        assert dataset.scan_path(subject).exists()


@pytest.mark.parametrize("name", WRITERS)
def test_the_fingerprint_is_of_the_content(name: str, tmp_path: Path) -> None:
    root = WRITERS[name](tmp_path / "data")
    before = open_dataset(root).fingerprint
    assert open_dataset(WRITERS[name](tmp_path / "again")).fingerprint == before or name in (
        "rsna2019",
        "cq500",
        "cpaisd",
    )
    file = next(one for one in sorted(root.rglob("*")) if one.suffix in (".gz", ".dcm", ".npy"))
    file.write_bytes(file.read_bytes() + b"\0")
    assert open_dataset(root).fingerprint != before


def test_bhsd_has_the_subtype_of_each_voxel(tmp_path: Path) -> None:
    dataset = open_dataset(write_bhsd(tmp_path, BHSD))
    assert dataset.subjects == tuple(sorted(BHSD))
    for seed, (subject, subtype) in enumerate(zip(BHSD, (Subtype.EDH, Subtype.IVH, Subtype.SDH), strict=True)):
        case, (hu, mask) = dataset.case(subject), made_head(seed)
        np.testing.assert_array_equal(case.scan.voxels, hu)  # stored with rows towards anterior, read as written
        np.testing.assert_array_equal(case.mask, mask)
        assert case.labels[:, COLUMNS[subtype]].tolist() == mask.any(axis=(1, 2)).tolist()
        assert case.labels.sum() == 2
        assert dataset.strata(subject) == {COLUMNS[subtype]}


def test_two_studies_of_one_rsna_patient_are_one_person(tmp_path: Path) -> None:
    bhsd = open_dataset(write_bhsd(tmp_path / "bhsd", BHSD))
    first, second, other = (bhsd.person(subject) for subject in sorted(BHSD))
    assert first == second == "rsna2019:ID_0237f3c9" and other == "rsna2019:ID_02b882cc"
    hemseg = open_dataset(write_hemseg(tmp_path / "hemseg", {"40015688b9": "ID_0237f3c9"}))
    assert hemseg.person("40015688b9") == first


def test_instance_has_voxels_and_slices_but_no_subtypes(tmp_path: Path) -> None:
    for folder in ("train_2", "train"):
        dataset = open_dataset(write_instance2022(tmp_path / folder, folder=folder))
        case = dataset.case("001")
        np.testing.assert_array_equal(case.mask, made_head(100)[1])
        assert case.positive.tolist() == [*[False] * 4, True, True] and case.has_hemorrhage is True
        with pytest.raises(
            BadConfig, match="expected the subtypes of its slices of 001, found a case that has only vox"
        ):
            _ = case.labels
        assert dataset.strata("001") == {OF_UNKNOWN_SUBTYPE}


@pytest.mark.parametrize("value", [1, 255])
def test_edema_is_never_taken_for_blood(value: int, tmp_path: Path) -> None:
    dataset = open_dataset(write_phe_sich(tmp_path, edema=value))
    case = dataset.case("0001")
    with pytest.raises(BadConfig, match="expected a delineation of 0001"):
        _ = case.mask
    assert not case.mask_or_empty.any() and Label.VOXELS not in case.known and Label.SLICES not in case.known
    assert case.has_hemorrhage is True and case.of_scan.subtypes == {Subtype.IPH: True}
    assert dataset.strata("0001") == {COLUMNS[Subtype.IPH]}


def test_stroke_scans_are_negative_and_infarcts_are_never_taken_for_blood(tmp_path: Path) -> None:
    dataset = open_dataset(write_cpaisd(tmp_path, {"study-a": "train", "study-b": "test"}))
    case = dataset.case("study-a")
    np.testing.assert_array_equal(case.scan.hu, made_head(700, 0)[0])
    assert not case.mask.any() and not case.labels.any() and case.has_hemorrhage is False
    assert dataset.strata("study-a") == {WITHOUT} and dataset.age_years("study-b") == 61


def test_slices_of_rsna_are_grouped_by_study_in_anatomical_order(tmp_path: Path) -> None:
    dataset = open_dataset(write_rsna2019(tmp_path, RSNA))
    assert dataset.subjects == ("ID_00aa", "ID_00ab", "ID_00bb")
    assert dataset.person("ID_00aa") == dataset.person("ID_00ab") == "rsna2019:ID_0a"
    case = dataset.case("ID_00aa")
    hu, mask = made_head(500)
    np.testing.assert_array_equal(case.scan.hu, hu)
    assert case.labels[:, COLUMNS[Subtype.SDH]].tolist() == mask.any(axis=(1, 2)).tolist() and case.labels.sum() == 2
    assert not dataset.case("ID_00ab").labels.any()
    with pytest.raises(BadConfig, match="expected a delineation of ID_00aa"):
        _ = case.mask


def test_the_headers_of_rsna_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_rsna2019(tmp_path / "data", RSNA)
    subjects = open_dataset(root).subjects
    monkeypatch.setattr("pydicom.dcmread", None)
    assert open_dataset(root).subjects == subjects


def test_two_of_three_readers_decide_in_cq500(tmp_path: Path) -> None:
    dataset = open_dataset(write_cq500(tmp_path, [(3, "SDH"), (2, "IPH"), (1, "EDH"), (0, "")]))
    said = [dataset.case(subject).of_scan for subject in dataset.subjects]
    assert [one.hemorrhage for one in said] == [True, True, False, False]
    assert said[0].subtypes[Subtype.SDH] and said[1].subtypes[Subtype.IPH] and not any(said[2].subtypes.values())
    positive, negative = dataset.case("CQ500-CT-0"), dataset.case("CQ500-CT-2")
    assert Label.SLICES not in positive.known and positive.has_hemorrhage is True
    assert not negative.positive.any() and not negative.mask.any()  # a scan without has none on any slice


def test_hemorica_is_read_in_the_layout_of_public_code(tmp_path: Path) -> None:
    dataset = open_dataset(write_hemorica(tmp_path, {"p1": "EPH", "p2": "ICH"}))
    case = dataset.case("p1")
    np.testing.assert_array_equal(case.mask, made_head(400)[1])
    assert case.labels[:, COLUMNS[Subtype.EDH]].sum() == 2
    assert dataset.case("p2").labels[:, COLUMNS[Subtype.IPH]].sum() == 2
    assert case.scan.pixel_mm is None


@pytest.mark.parametrize(
    ("labels", "of_scan"),
    [
        ({"background": 0, "hemorrhage": 1}, {OF_UNKNOWN_SUBTYPE}),
        ({"0": "background", "1": "subdural"}, {COLUMNS[Subtype.SDH]}),
        ({"background": 0, "IPH": 1, "edema": 2}, {COLUMNS[Subtype.IPH]}),
    ],
    ids=["version 2", "version 1", "with edema"],
)
def test_the_labels_of_nnunet_are_known_by_name(labels: dict[str, object], of_scan: set[int], tmp_path: Path) -> None:
    mask = made_head(800)[1].astype(np.uint8)
    mask[0, :5, :5] = 2 if len(labels) == 3 else 0
    dataset = open_dataset(write_nnunet(tmp_path, labels, [mask]))
    np.testing.assert_array_equal(dataset.case("case_000").mask, mask == 1)
    assert dataset.strata("case_000") == of_scan


def test_ignored_slices_of_nnunet_are_unknown(tmp_path: Path) -> None:
    mask = made_head(800)[1].astype(np.uint8)
    mask[0] = mask[5] = 2
    case = open_dataset(write_nnunet(tmp_path, {"background": 0, "hemorrhage": 1, "ignore": 2}, [mask])).case(
        "case_000"
    )
    assert case.known_slices.tolist() == [False, *[True] * 4, False]
    assert case.positive.tolist() == [*[False] * 4, True, False] and case.has_hemorrhage is True
    mask[4] = 0
    case = open_dataset(write_nnunet(tmp_path / "b", {"background": 0, "hemorrhage": 1, "ignore": 2}, [mask])).case(
        "case_000"
    )
    assert case.has_hemorrhage is None  # the ignored slices may have some


def test_bids_masks_have_ages_and_need_no_tables_of_slices(tmp_path: Path) -> None:
    dataset = open_dataset(write_bids(tmp_path, {"01": 40, "02": 50}))
    assert dataset.subjects == ("01", "02") and dataset.age_years("02") == 50
    assert dataset.facts.licence.name == "CC0"
    np.testing.assert_array_equal(dataset.case("02").mask, made_head(901)[1])


def broken(root: Path, name: str) -> None:
    file, mask = root / "label_192/ground truths" / f"{next(iter(BHSD))}.nii.gz", made_head(0)[1].astype(np.uint8)
    if name == "another grid":
        save_nifti(file, mask, np.diag([-1.65, -1.65, 5.0, 1.0]))
    elif name == "unknown value":
        save_nifti(file, mask * np.uint8(9))
    elif name == "another shape":
        save_nifti(file, mask[1:])
    else:
        file.unlink()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("another grid", "expected labels on the voxels of the scan, found another position, size or orient"),
        ("unknown value", "expected labels 0, 1, 2, 3, 4, 5, found 9"),
        ("another shape", "expected the scan's shape 130 x 130 x 6, found 130 x 130 x 5"),
        ("missing", "expected a label file for each scan, found none for ID_0237f3c9_ID_40015688b9"),
    ],
)
def test_labels_that_do_not_fit_are_refused_in_one_line(name: str, said: str, tmp_path: Path) -> None:
    root = write_bhsd(tmp_path, BHSD)
    broken(root, name)
    with pytest.raises(UnreadableInput, match=said) as refused:
        open_dataset(root).case(next(iter(BHSD)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ID_1_epidural,2", "line 2: expected 0 or 1 under Label, found '2'"),
        ("ID_1_bleeding,1", "line 2: expected ID_<image>_<subtype>, found 'ID_1_bleeding'"),
        ("ID_1_epidural,1", "expected six rows of ID_1, found none for intraventricular"),
    ],
    ids=["value", "name", "too few"],
)
def test_a_malformed_row_of_rsna_is_refused_in_one_line(row: str, said: str, tmp_path: Path) -> None:
    root = write_rsna2019(tmp_path, RSNA)
    (root / "stage_2_train.csv").write_text(f"ID,Label\n{row}\n")
    with pytest.raises(UnreadableInput, match=said):
        open_dataset(root)


def test_an_unknown_label_name_is_refused(tmp_path: Path) -> None:
    root = write_nnunet(tmp_path, {"background": 0, "tumor": 1}, [made_head(800)[1]])
    with pytest.raises(UnreadableInput, match=r"expected label names that Ichor knows .* found 'tumor'"):
        open_dataset(root)


def test_a_label_file_of_the_same_grid_but_for_rounding_is_read(tmp_path: Path) -> None:
    root = write_bhsd(tmp_path, BHSD)
    affine = LAS.copy()
    affine[0, 0] -= 0.0005
    save_nifti(
        root / "label_192/ground truths" / f"{next(iter(BHSD))}.nii.gz", made_head(0)[1].astype(np.uint8), affine
    )
    assert isinstance(open_dataset(root).case(next(iter(BHSD))), Case)


def test_a_list_of_hemseg_without_a_scan_is_refused(tmp_path: Path) -> None:
    root = write_hemseg(tmp_path, {"bf7891541c": "ID_00e394df"})
    (root / "annotion_file_info.jsonl").write_text(json.dumps({"patient": "ID_1", "scan_": "another"}))
    with pytest.raises(UnreadableInput, match="expected a line for each scan, found none for bf7891541c"):
        open_dataset(root)
