"""Whose a study is, from the beginning of one of its files."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from ichor.read.dicom.patient import Identity, identity_in
from node_parts import as_bytes, small_study


def made(undefined_length: bool) -> bytes:
    """An image whose header goes on for long after the patient's elements."""
    (one, *_) = small_study(AccessionNumber="A17", PatientID="4711", PatientSex="F", PatientAge="072Y")
    frame = Dataset()
    frame.FrameLaterality = "L"
    one.PerFrameFunctionalGroupsSequence = Sequence([frame] * 500)
    one["PerFrameFunctionalGroupsSequence"].is_undefined_length = undefined_length
    return as_bytes(one)


@pytest.mark.parametrize("undefined_length", [True, False], ids=["undefined-length", "defined-length"])
@pytest.mark.parametrize("kept", [1500, 5000, None], ids=["begin", "more", "whole"])
def test_the_rest_may_be_cut_off(kept: int | None, undefined_length: bool) -> None:
    found = identity_in(made(undefined_length)[:kept])
    assert (found.id, found.accession, found.sex, found.age) == ("4711", "A17", "F", "072Y")
    assert (found.birth_date, found.study_date, found.name) == ("1951-02-03", "2024-02-29", "Doe Secret")


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 132 + b"DICM", b"hello", b"\xff" * 4096], ids=["empty", "head", "text", "bytes"]
)
def test_of_what_is_not_dicom_nothing_is_known(content: bytes) -> None:
    assert identity_in(content) == Identity()


def test_what_could_break_a_line_is_replaced() -> None:
    (one, *_) = small_study(PatientID="47\n11\x1b[31m", PatientName="Doe^\x07Jane")
    found = identity_in(as_bytes(one))
    assert found.id == "47?11?[31m" and found.name == "Doe ?Jane"
