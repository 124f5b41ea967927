from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype
from paths import CT_ICH_PART
from synthetic_ct_ich import DEMOGRAPHICS_HEADER, write_ct_ich


def test_counts_are_those_of_this_release(ct_ich: Path) -> None:
    """SOURCE.md's table: the paper's Table 4, with the differences of this copy."""
    dataset = CtIch(ct_ich)
    labels = np.concatenate([dataset.labels[s] for s in dataset.subjects])
    assert len(dataset.subjects) == 82
    assert len(labels) == 2501
    assert int((~labels.any(axis=1)).sum()) == 2183
    assert dict(zip(Subtype, labels.sum(axis=0).tolist(), strict=True)) == {
        Subtype.IVH: 24, Subtype.IPH: 73, Subtype.SAH: 18, Subtype.EDH: 173, Subtype.SDH: 56,
    }  # fmt: skip
    assert sum(bool(dataset.labels[s].any()) for s in dataset.subjects) == 36


def test_demographics_are_the_papers(ct_ich: Path) -> None:
    people = CtIch(ct_ich).demographics.values()
    ages = np.array([p.age_years for p in people])
    assert sum(p.sex == "Male" for p in people) == 46
    assert sum(p.sex == "Female" for p in people) == 36
    assert round(ages.mean(), 1) == 27.8
    assert round(ages.std(ddof=1), 1) == 19.5
    assert "Chronic" in CtIch(ct_ich).demographics["070"].condition


def test_every_labeled_slice_of_a_subject_has_a_mask() -> None:
    case = CtIch(CT_ICH_PART).case("051")
    assert case.scan.voxels.shape == case.mask.shape == (15, 650, 650)
    assert np.array_equal(case.mask.any(axis=(1, 2)), case.positive)


def test_cases_are_read_on_demand(tmp_path: Path) -> None:
    dataset = CtIch(write_ct_ich(tmp_path, {"049": 2, "050": 0}, n_slices=3))
    cases = dataset.cases(dataset.subjects)
    assert len(cases) == 2
    assert [c.subject for c in cases] == ["049", "050"]
    assert cases[1:][0].subject == "050"
    assert cases[0].positive.tolist() == [False, True, True]


def test_the_truth_of_a_case_is_the_case_without_its_images() -> None:
    dataset = CtIch(CT_ICH_PART)
    case, truth = dataset.case("051"), dataset.truth("051")
    assert np.array_equal(truth.mask, case.mask)
    assert np.array_equal(truth.labels, case.labels)
    assert truth.scan.voxels.shape == case.scan.voxels.shape
    assert not truth.scan.voxels.any()
    for name in ("pixel_mm", "positions_mm", "orientation", "thickness_mm"):
        assert np.array_equal(getattr(truth.scan, name), getattr(case.scan, name))


def test_fingerprint_changes_with_any_file(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path, {"049": 1}, n_slices=2)
    before = CtIch(root).fingerprint
    assert CtIch(root).fingerprint == before
    image = root / "Patients_CT/049/brain/1.jpg"
    image.write_bytes(image.read_bytes() + b" ")
    assert CtIch(root).fingerprint != before


def test_the_headers_of_release_1_3_1_are_read(tmp_path: Path) -> None:
    (tmp_path / "ct_scans").mkdir()
    (tmp_path / "ct_scans" / "049.nii").touch()
    (tmp_path / "hemorrhage_diagnosis_raw_ct.csv").write_text(
        "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,No_Hemorrhage,"
        "Fracture_Yes_No\n49,1,0,0,0,0,0,1,0\n49,2,0,1,0,0,0,0,0\n"
    )
    (tmp_path / "Patient_demographics.csv").write_text(
        '\ufeffPatient Number,"Age\n(years)",Gender,'
        '"Hemorrhage type based on the radiologists diagnosis \nIntraventricular",Intraparenchymal,Subarachnoid,'
        'Epidural,Subdural,"Fracture (yes 1/no 0)","Condition on file",Note\n49,35,Male,,1,,,,,x,\n'
    )
    dataset = CtIch(tmp_path)
    assert dataset.release == "1.3.1"
    assert dataset.subjects == ("049",)
    assert dataset.labels["049"].tolist() == [[False] * 5, [False, True, False, False, False]]
    assert dataset.demographics["049"].age_years == 35


def test_other_folders_than_datasets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="expected the ct-ich dataset"):
        CtIch(tmp_path)
    (tmp_path / "Patients_CT").mkdir()
    with pytest.raises(UnreadableInput, match=r"hemorrhage_diagnosis\.csv: expected"):
        CtIch(tmp_path)


def test_a_table_that_does_not_fit_the_images_is_refused(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path, {"049": 1}, n_slices=3)
    table = root / "hemorrhage_diagnosis.csv"
    table.write_text("\n".join(table.read_text(encoding="utf-8").split("\n")[:-2]) + "\n", encoding="utf-8")
    with pytest.raises(UnreadableInput, match="expected 2 slices by the table, found 3"):
        CtIch(root).case("049")
    (root / "patient_demographics.csv").write_text(f"{DEMOGRAPHICS_HEADER}\n50,3,Male,,,,,,,x,\n")
    with pytest.raises(UnreadableInput, match=r"patient_demographics\.csv: expected rows of subject 049, found none"):
        CtIch(root).case("049")
    with pytest.raises(UnreadableInput, match="expected a subject of the dataset, found '999'"):
        CtIch(root).case("999")


def test_the_upper_slices_of_a_subject_are_enough_if_the_table_has_only_those(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path, {"049": 2}, n_slices=4)
    for window in ("brain", "bone"):
        (root / "Patients_CT/049" / window / "1.jpg").unlink()
    with pytest.raises(UnreadableInput, match="expected 4 slices by the table, found 3"):
        CtIch(root).case("049")
    table = root / "hemorrhage_diagnosis.csv"
    rows = table.read_text(encoding="utf-8")
    table.write_text(rows.replace("49,1,0,0,0,0,0,1,0\n", ""), encoding="utf-8")
    case = CtIch(root).case("049")
    assert case.positive.tolist() == [False, True, True]
    assert np.array_equal(case.mask.any(axis=(1, 2)), case.positive)
    assert CtIch(root).delineated_slices("049") == {3, 4}
    table.write_text(rows.replace("49,4,0,0,0,1,0,0,0\n", ""), encoding="utf-8")
    with pytest.raises(UnreadableInput, match="expected slices from number 1 by the table, found from 2"):
        CtIch(root).case("049")
    table.write_text(rows.replace("49,2,0,0,0,0,0,1,0\n", ""), encoding="utf-8")
    with pytest.raises(UnreadableInput, match="slices 1 to 4 without gaps, found 3 of 4"):
        CtIch(root).case("049")
