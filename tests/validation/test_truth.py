"""What a table says of each scan."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype
from ichor.validation.columns import Role
from ichor.validation.table import read_table
from ichor.validation.truth import Truth, read_truth
from paths import CT_ICH_PART


def truth(tmp_path: Path, text: str) -> Truth:
    (tmp_path / "truth.csv").write_text(text)
    return read_truth(read_table(tmp_path / "truth.csv"))


def test_the_published_table_of_ct_ich_is_understood() -> None:
    """Its header has line breaks, its subtypes are only ever marked where present, and two columns are free text."""
    found = read_truth(read_table(CT_ICH_PART / "patient_demographics.csv"))
    assert [row.hemorrhage for row in found.rows] == [True] * 8 + [False] * 2
    by_number = {row.patient: row for row in found.rows}
    assert {one for one, there in by_number["94"].subtypes.items() if there} == {Subtype.IVH, Subtype.IPH, Subtype.SAH}
    assert (by_number["108"].age, by_number["108"].sex) == (32, "female")
    roles = {one.column: one.role for one in found.columns}
    assert roles["Note"] is roles["Condition on file"] is Role.TEXT
    assert next(one.says for one in found.columns if one.role is Role.EDH) == "no 7, yes 3, empty means no"


def test_hemorrhage_follows_from_subtypes_only_where_all_are_known(tmp_path: Path) -> None:
    found = truth(tmp_path, "id,IVH,IPH,SAH,EDH,SDH\na,0,0,0,0,0\nb,0,1,,0,0\nc,0,0,?,0,0\n")
    assert [row.hemorrhage for row in found.rows] == [False, True, None]
    assert Subtype.SAH not in found.rows[2].subtypes


def test_a_list_of_subtypes(tmp_path: Path) -> None:
    found = truth(tmp_path, "id,subtypes\na,SDH; SAH\nb,none\nc,\n")
    assert [row.hemorrhage for row in found.rows] == [True, False, None]
    assert found.rows[0].subtypes[Subtype.SDH] and not found.rows[0].subtypes[Subtype.EDH]


def test_a_column_that_says_where_there_is_none(tmp_path: Path) -> None:
    assert [row.hemorrhage for row in truth(tmp_path, "id,No_Hemorrhage\na,1\nb,0\nc,\n").rows] == [False, True, None]


def test_an_empty_cell_of_the_truth_itself_is_never_a_no(tmp_path: Path) -> None:
    assert [row.hemorrhage for row in truth(tmp_path, "id,ICH\na,1\nb,\n").rows] == [True, None]


def test_a_mask_lies_beside_the_table(tmp_path: Path) -> None:
    found = truth(tmp_path, "id,ICH,mask\na,1,masks/a.nii.gz\nb,0,\n")
    assert [row.mask for row in found.rows] == [tmp_path / "masks" / "a.nii.gz", None]


def test_free_text_is_kept_nowhere(tmp_path: Path) -> None:
    found = truth(tmp_path, "id,ICH,Report,Patient name\na,1,Jane Doe fell,Doe\n")
    assert "Doe" not in repr(found.rows) + repr(found.columns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,ICH\na,1\nb,0.7\n", "expected yes or no in column ICH, row 3, found '0.7'"),
        ("id,ICH,age\na,1,old\n", "expected an age in years, .* in column age, row 2, found 'old'"),
        ("id,ICH,SDH\na,0,1\n", "expected row 2 to be consistent, found no hemorrhage and SDH"),
        ("id,ICH,normal\na,1,1\n", "expected row 2 to be consistent, found both hemorrhage and no hemorrhage"),
        ("GCS,ICH\n3,0\n", "expected a column that names the scans, found GCS, ICH; name it with --column scan=NAME"),
        (
            "id,GCS\na,3\n",
            "expected a column that says whether there is hemorrhage or which subtypes.*--column hemorrhage=NAME",
        ),
    ],
    ids=["no yes or no", "no age", "contradiction", "contradiction of two columns", "no scan", "no truth"],
)
def test_what_is_not_understood_is_refused_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(UnreadableInput, match=expected):
        truth(tmp_path, text)
