"""WADO-RS: the objects that a client gets are those of the result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.parser import BytesParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from ichor.node.people import Role
from synthetic_dicomweb import JSON, ROOT, Screened
from web_parts import Web, web_parts

DICOM = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'
SYNTAX = "1.2.840.10008.1.2.1"


@pytest.fixture
def web(tmp_path: Path, result: Screened) -> Iterator[Web]:
    with web_parts(tmp_path / "node") as one:
        result.put(one)
        yield one


def get(web: Web, path: str, accept: str = "*/*", status: int = 200) -> Any:
    answer = web.program(Role.VIEWER).get(f"{ROOT}/{path}", headers={"accept": accept})
    assert answer.status_code == status, answer.text
    return answer


def parts(answer: Any) -> list[tuple[str, bytes]]:
    """Type and content of each part, as the standard library reads them."""
    message = BytesParser().parsebytes(
        b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content
    )
    assert message.get_content_type() == "multipart/related" and not message.defects
    boundary = message.get_boundary().encode()
    contents = [one.split(b"\r\n\r\n", 1)[1][:-2] for one in answer.content.split(b"--" + boundary)[1:-1]]
    return [(one["content-type"], content) for one, content in zip(message.get_payload(), contents, strict=True)]


def place(one: Dataset) -> str:
    return f"studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}/instances/{one.SOPInstanceUID}"


def test_whole_objects_are_the_files_of_the_result(web: Web, result: Screened) -> None:
    every = {file.read_bytes() for file in result.result.glob("*.dcm")}
    found = parts(get(web, f"studies/{result.uid}", DICOM))
    assert {content for _, content in found} == every and len(found) == len(every)
    assert {kind for kind, _ in found} == {f"application/dicom; transfer-syntax={SYNTAX}"}
    report = result.one("SR")
    series = place(report).partition("/instances")[0]
    for path in (series, place(report)):
        ((_, content),) = parts(get(web, path))
        assert pydicom.dcmread(BytesIO(content)) == report
    alone = get(web, place(report), "application/dicom")
    assert pydicom.dcmread(BytesIO(alone.content)) == report
    assert alone.headers["content-type"] == f"application/dicom; transfer-syntax={SYNTAX}"


def test_metadata_are_the_headers_without_pixels(web: Web, result: Screened) -> None:
    rows = get(web, f"studies/{result.uid}/metadata", JSON["accept"]).json()
    read = {str(one.SOPInstanceUID): one for one in map(Dataset.from_json, rows)}
    assert set(read) == {one.SOPInstanceUID for one in result.objects()}
    for one in result.objects():
        found = read[one.SOPInstanceUID]
        assert "PixelData" not in found
        one.SpecificCharacterSet = "ISO_IR 192"
        kept = [element for element in one if element.keyword != "PixelData"]
        assert [element.tag for element in found] == [element.tag for element in kept]
        assert found.PatientName == one.PatientName and found.ReferringPhysicianName == "M\u00fcller"
    segmentation = read[result.one("SEG").SOPInstanceUID]
    assert segmentation.PerFrameFunctionalGroupsSequence == result.one("SEG").PerFrameFunctionalGroupsSequence
    (one,) = get(web, f"{place(result.one('SR'))}/metadata").json()
    assert Dataset.from_json(one).ContentSequence == result.one("SR").ContentSequence


def test_frames_are_the_pixels(web: Web, result: Screened) -> None:
    seg = result.one("SEG")
    found = parts(get(web, f"{place(seg)}/frames/2,1", f"{OCTETS}; transfer-syntax=*"))
    assert {kind for kind, _ in found} == {f"application/octet-stream; transfer-syntax={SYNTAX}"}
    for (_, content), expected in zip(found, (seg.pixel_array[1], seg.pixel_array[0]), strict=True):
        bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
        assert np.array_equal(bits[: expected.size], expected.ravel()) and len(content) == (expected.size + 7) // 8
    capture = next(one for one in result.objects() if one.SOPClassUID.name.startswith("Secondary"))
    ((_, content),) = parts(get(web, f"{place(capture)}/frames/1"))
    assert np.array_equal(np.frombuffer(content, np.uint8), capture.pixel_array.ravel())
    n = seg.NumberOfFrames
    for numbers, status in ((f"{n + 1}", 404), ("0", 404), ("1,,2", 404), ("x", 404), ("999999", 404)):
        get(web, f"{place(seg)}/frames/{numbers}", status=status)
    get(web, f"{place(result.one('SR'))}/frames/1", status=404)


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png"])
def test_a_key_slice_is_rendered(kind: str, web: Web, result: Screened) -> None:
    capture = next(one for one in result.objects() if one.SOPClassUID.name.startswith("Secondary"))
    answer = get(web, f"{place(capture)}/rendered", kind)
    assert answer.headers["content-type"] == kind
    pixels = np.asarray(Image.open(BytesIO(answer.content)).convert("RGB")).astype(int)
    assert np.abs(pixels - capture.pixel_array).mean() < (0.001 if kind == "image/png" else 5)
    get(web, f"{place(capture)}/rendered", "image/gif", 406)
    get(web, f"{place(result.one('SEG'))}/rendered", status=406)
    get(web, f"{place(result.one('SR'))}/rendered", status=406)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (f"{DICOM}; transfer-syntax=*", 200),
        (f"{DICOM}; transfer-syntax={SYNTAX}", 200),
        (f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.50", 406),
        (f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.50, {DICOM}", 200),
        ('multipart/related; type="application/dicom+xml"', 406),
        ("application/dicom", 406),  # there are several objects
        ("text/html", 406),
        ("", 200),
    ],
)
def test_what_is_acceptable(accept: str, status: int, web: Web, result: Screened) -> None:
    get(web, f"studies/{result.uid}", accept, status)


def test_the_query_parameter_overrides_the_header(web: Web, result: Screened) -> None:
    path = f"{place(result.one('SR'))}?accept=application/dicom"
    assert get(web, path, "text/html").headers["content-type"].startswith("application/dicom;")


def test_what_does_not_exist_is_not_found(web: Web, result: Screened) -> None:
    seg = result.one("SEG")
    right = place(seg)
    for path in (
        "studies/1.2.3",
        "studies/1.2.3/metadata",
        f"studies/{result.uid}/series/1.2.3",
        right.replace(seg.SOPInstanceUID, "1.2.3"),
        right.replace(seg.SeriesInstanceUID, result.one("SR").SeriesInstanceUID),
        f"studies/{'1' * 65}",
        "studies/..%2f..%2fnode.yaml",
        "studies/abc",
    ):
        get(web, path, status=404)


def test_what_replaces_an_earlier_result_is_marked_as_it_is_at_destinations(tmp_path: Path, result: Screened) -> None:
    with web_parts(tmp_path / "node") as web:
        result.put(web, times=2)
        found = [pydicom.dcmread(BytesIO(content)) for _, content in parts(get(web, f"studies/{result.uid}"))]
        rows = get(web, f"studies/{result.uid}/metadata").json()
        for one in (*found, *map(Dataset.from_json, rows)):
            assert one.SeriesDescription.endswith("; replaces earlier")
        by_uid = {one.SOPInstanceUID: one for one in result.objects()}
        assert all(one.get("PixelData") == by_uid[one.SOPInstanceUID].get("PixelData") for one in found)


def test_a_result_that_is_deleted_meanwhile_is_not_found(web: Web, result: Screened) -> None:
    seg = result.one("SEG")
    get(web, place(seg))
    for file in next(web.services.results.iterdir()).iterdir():
        file.unlink()
    for path in ("", "/metadata", "/frames/1"):
        get(web, place(seg) + path, status=404)


def test_who_saw_findings_is_in_the_audit_log(web: Web, result: Screened) -> None:
    get(web, f"studies/{result.uid}/metadata")
    get(web, "studies/1.2.3", status=404)
    (entry,) = [one for one in web.queue.audit.entries() if one.study]
    assert (entry.who, entry.did, entry.detail) == ("program 1", "saw the findings", "WADO-RS")
    assert json.dumps(entry.study)[1:-1] == next(iter(web.queue.studies.files()))


def test_a_stranger_gets_nothing(web: Web, result: Screened) -> None:
    for path in ("studies", f"studies/{result.uid}", f"studies/{result.uid}/metadata"):
        assert web.stranger().get(f"{ROOT}/{path}").status_code == 401
