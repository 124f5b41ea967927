"""Names of columns as people write them."""

from __future__ import annotations

import pytest

from ichor.errors import BadConfig
from ichor.validation.columns import Role, role_of, roles_of

NAMES = {
    Role.SCAN: [
        "id",
        "Scan",
        "scan_id",
        "Case",
        "StudyInstanceUID",
        "Study UID",
        "Accession Number",
        "AccessionNo",
        "path",
        "File name",
        "ct_path",
        "Exam ID",
        "image",
        "series_uid",
        "folder",
    ],
    Role.PATIENT: ["Patient Number", "PatientID", "patient_id", "MRN", "Subject", "subject-no", "Pat.-Nr."],
    Role.HEMORRHAGE: [
        "hemorrhage",
        "Haemorrhage",
        "ICH",
        "ich_present",
        "bleed",
        "Any bleeding",
        "any",
        "has_hemorrhage",
        "Hemorrhage (yes/no)",
        "Intracranial Hemorrhage",
        "truth",
        "label",
        "Ground truth",
        "Blutung",
        "y_true",
        "acute ICH",
    ],
    Role.NO_HEMORRHAGE: ["No_Hemorrhage", "normal", "Normal CT"],
    Role.IVH: ["IVH", "Intraventricular", "intraventricular hemorrhage"],
    Role.IPH: ["IPH", "intraparenchymal", "Intracerebral haemorrhage"],
    Role.SAH: ["SAH", "subarachnoid", "Subarachnoid bleeding", "has_sah"],
    Role.EDH: ["EDH", "epidural", "Extradural haematoma"],
    Role.SDH: ["SDH", "subdural", "Subdural Hematoma", "SDH (y/n)"],
    Role.SUBTYPES: ["subtype", "Sub-types", "hemorrhage type", "ICH subtypes"],
    Role.MASK: ["mask", "segmentation", "mask_path", "Delineation file", "seg"],
    Role.AGE: ["Age", "Age\n(years)", "patient age", "age_years"],
    Role.SEX: ["sex", "Gender", "patient_sex"],
    Role.SCANNER: ["Scanner", "manufacturer", "ManufacturerModelName", "CT scanner", "vendor"],
    Role.KERNEL: ["kernel", "ConvolutionKernel", "reconstruction kernel"],
    Role.THICKNESS: ["SliceThickness", "thickness_mm", "Slice thickness (mm)"],
    Role.CONTRAST: ["contrast", "IV contrast", "Contrast agent"],
    Role.VOLUME: ["volume", "Volume (mL)", "hematoma_volume_ml", "lesion volume"],
    Role.TEXT: [
        "report",
        "Report text",
        "Radiology impression",
        "comments",
        "Note",
        "Condition on file",
        "Befund",
        "patient name",
    ],
    Role.OTHER: ["Fracture (Yes/No)", "GCS", "reader", ""],
}


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in NAMES.items() for name in names])
def test_a_name_is_understood(role: Role, name: str) -> None:
    assert role_of(name) is role


def test_a_role_from_the_user_takes_precedence() -> None:
    names = ["id", "label", "Befund neu"]
    assert roles_of(names, {}, "t.csv") == [Role.SCAN, Role.HEMORRHAGE, Role.TEXT]
    asked = {"hemorrhage": "Befund neu"}
    assert roles_of(names, asked, "t.csv") == [Role.SCAN, Role.OTHER, Role.HEMORRHAGE]


@pytest.mark.parametrize(
    ("names", "asked", "expected"),
    [
        (
            ["id", "ICH", "label"],
            {},
            r"t.csv: expected one column for hemorrhage, found ICH and label; .*hemorrhage=NAME",
        ),
        (["id", "ICH"], {"hemorrhage": "bleed"}, "t.csv: expected a column 'bleed', found id, ICH"),
        (["id", "ICH"], {"bleed": "ICH"}, "--column: expected one of the roles scan, .*, found 'bleed'"),
        (["id", "ICH"], {"free text": "ICH"}, "--column: expected one of the roles"),
    ],
    ids=["two of a kind", "no such column", "no such role", "no role to give"],
)
def test_ambiguous_and_unknown_columns_are_refused(names: list[str], asked: dict[str, str], expected: str) -> None:
    with pytest.raises(BadConfig, match=expected):
        roles_of(names, asked, "t.csv")
