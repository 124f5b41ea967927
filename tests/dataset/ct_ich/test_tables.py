from __future__ import annotations

from pathlib import Path

import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.tables import read_demographics, read_slice_table
from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype
from synthetic_ct_ich import DEMOGRAPHICS_HEADER, HEADER, write_ct_ich


def table(folder: Path, *lines: str) -> Path:
    file = folder / "table.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_rows_are_read_as_spreadsheets_write_them(tmp_path: Path) -> None:
    slices = read_slice_table(table(tmp_path, HEADER, "49.0,1,0,1.0,,1,0,0,1", ",,,,,,,,", "49,2"))
    assert slices.problems == ()
    first, second = slices.rows
    assert (first.subject, first.number, first.fracture) == ("049", 1, True)
    assert first.subtypes == {Subtype.IPH, Subtype.EDH}
    assert not (second.subtypes or second.no_hemorrhage or second.fracture)
    people = read_demographics(table(tmp_path, DEMOGRAPHICS_HEADER, "85,0.002747253,Male,1,,,,,,IVH ,a note"))
    (newborn,) = people.rows
    assert (newborn.age_years, newborn.subtypes, newborn.note) == (0.002747253, {Subtype.IVH}, "a note")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,1,0,0,0,0,0,1,0", "expected the number of a subject, found 'x'"),
        ("49,0,0,0,0,0,0,1,0", "expected a slice number from 1, found '0'"),
        ("49,1.5,0,0,0,0,0,1,0", "expected a slice number from 1, found '1.5'"),
        ("49,2,0,0,0,2,0,0,0", "expected 0 or 1 under 'epidural', found '2'"),
        ("49,1,0,0,0,0,0,1,0", "expected one row of slice 1 of subject 049, found another"),
    ],
)
def test_a_malformed_row_is_reported_and_the_others_are_read(tmp_path: Path, row: str, said: str) -> None:
    file = table(tmp_path, HEADER, "49,1,0,0,0,1,0,0,0", row, "49,3,0,0,0,0,0,1,0")
    found = read_slice_table(file)
    assert [one.number for one in found.rows] == [1, 3]
    assert found.problems == (f"{file}: line 3: {said}",)


@pytest.mark.parametrize("age", ["", "old", "-1", "nan", "inf"])
def test_an_invalid_age_is_reported(tmp_path: Path, age: str) -> None:
    file = table(tmp_path, DEMOGRAPHICS_HEADER, f"49,{age},Male,,,,,,,x,")
    assert read_demographics(file).problems == (f"{file}: line 3: expected an age in years, found {age!r}",)


def test_operations_on_labels_are_refused_if_a_row_is_malformed(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path, {"049": 1}, n_slices=2)
    file = root / "hemorrhage_diagnosis.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("49,2,0,0,0,1", "49,2,0,0,0,yes"), encoding="utf-8")
    with pytest.raises(UnreadableInput, match="line 3: expected 0 or 1 under 'epidural', found 'yes'"):
        CtIch(root).case("049")


def test_other_folders_are_not_subjects(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path, {"049": 1}, n_slices=1)
    (root / "Patients_CT" / ".ipynb_checkpoints").mkdir()
    assert CtIch(root).subjects == ("049",)
