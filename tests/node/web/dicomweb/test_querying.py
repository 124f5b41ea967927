"""QIDO-RS: results are found by what the standard says a query may compare, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from ichor.node.config import Retention
from ichor.node.keeping import Keeping
from ichor.node.people import Role
from ichor.node.web.dicomweb.matching import _equals
from synthetic_dicomweb import JSON, ROOT, Screened, values
from web_parts import Web, web_parts


@pytest.fixture
def web(tmp_path: Path, result: Screened) -> Iterator[Web]:
    with web_parts(tmp_path / "node") as one:
        result.put(one)
        yield one


def found(web: Web, path: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = web.program(Role.VIEWER).get(f"{ROOT}/{path}", params=parameters, headers=JSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    return json.loads(answer.text)


def test_a_study_has_the_attributes_of_the_standard(web: Web, result: Screened) -> None:
    (row,) = found(web, "studies")
    study = Dataset.from_json(row)
    first = result.study[0]
    for keyword in ("StudyInstanceUID", "PatientName", "PatientID", "PatientBirthDate", "StudyDate", "StudyID"):
        assert study[keyword].value == first[keyword].value, keyword
    assert study.AccessionNumber == "ACC-1" and study.ReferringPhysicianName == "M\u00fcller"
    assert list(study.ModalitiesInStudy) == sorted({one.Modality for one in result.objects()})
    assert study.NumberOfStudyRelatedInstances == len(result.objects())
    assert study.NumberOfStudyRelatedSeries == len({one.SeriesInstanceUID for one in result.objects()})
    assert study.RetrieveURL == f"http://127.0.0.1:8798{ROOT}/studies/{result.uid}"
    assert study.InstanceAvailability == "ONLINE" and study.SpecificCharacterSet == "ISO_IR 192"


def test_series_and_instances_are_those_of_the_result(web: Web, result: Screened) -> None:
    objects = result.objects()
    for path in (f"studies/{result.uid}/series", "series"):
        rows = found(web, path)
        assert {values(one, "SeriesInstanceUID")[0] for one in rows} == {one.SeriesInstanceUID for one in objects}
        assert {values(one, "Modality")[0] for one in rows} == {one.Modality for one in objects}
        # Where the path names no study, its attributes are there, too.
        assert all(("00100020" in one) == (path == "series") for one in rows)
    for path in (f"studies/{result.uid}/instances", "instances"):
        rows = found(web, path)
        assert {values(one, "SOPInstanceUID")[0] for one in rows} == {one.SOPInstanceUID for one in objects}
    seg = result.one("SEG")
    rows = found(web, f"studies/{result.uid}/series/{seg.SeriesInstanceUID}/instances")
    (row,) = rows
    assert values(row, "SOPClassUID") == [seg.SOPClassUID] and values(row, "NumberOfFrames") == [seg.NumberOfFrames]
    assert found(web, f"studies/{result.uid}/series/1.2.3/instances") == found(web, "studies/1.2.3/series") == []


@pytest.mark.parametrize(
    ("parameters", "n"),
    [
        ({"PatientID": "SECRET-4711"}, 1),
        ({"00100020": "SECRET-4711"}, 1),
        ({"PatientID": "SECRET"}, 0),
        ({"PatientID": "SECRET*"}, 1),
        ({"PatientID": "secret*"}, 0),
        ({"PatientName": "doe^secret"}, 1),
        ({"PatientName": "Doe*"}, 1),
        ({"PatientName": "Doe"}, 0),
        ({"PatientName": "D?e^S*t"}, 1),
        ({"StudyDate": "20240229"}, 1),
        ({"StudyDate": "20240101-20241231"}, 1),
        ({"StudyDate": "-20240228"}, 0),
        ({"StudyDate": "20240301-"}, 0),
        ({"StudyDate": "2024-2024"}, 1),
        ({"ModalitiesInStudy": "SEG"}, 1),
        ({"ModalitiesInStudy": "MR"}, 0),
        ({"AccessionNumber": "ACC-1"}, 1),
        ({"AccessionNumber": "ACC-2"}, 0),
        ({"AccessionNumber": ""}, 1),
        ({"StudyInstanceUID": "1.2.3"}, 0),
        ({"limit": 0}, 0),
        ({"offset": 1}, 0),
    ],
    ids=str,
)
def test_studies_are_compared(parameters: dict[str, Any], n: int, web: Web) -> None:
    assert len(found(web, "studies", **parameters)) == n


def test_several_uids_and_keys_of_other_levels(web: Web, result: Screened) -> None:
    seg, report = result.one("SEG"), result.one("SR")
    assert len(found(web, "studies", StudyInstanceUID=f"1.2.3,{result.uid}")) == 1
    assert len(found(web, "studies", StudyInstanceUID=f"1.2.3\\{result.uid}")) == 1
    assert len(found(web, "series", SeriesInstanceUID=f"{seg.SeriesInstanceUID},{report.SeriesInstanceUID}")) == 2
    rows = found(web, "instances", PatientID="SECRET-4711", Modality="SR", SOPClassUID=report.SOPClassUID)
    assert [values(one, "SOPInstanceUID")[0] for one in rows] == [report.SOPInstanceUID]
    assert found(web, "instances", PatientID="another", Modality="SR") == []


@pytest.mark.parametrize(
    "query",
    [
        "NoSuchAttribute=1",
        "99999999=1",
        "Modality=SEG",  # not of the level of studies
        "PixelData=1",
        "limit=-1",
        "limit=many",
        "offset=1e3",
        "fuzzymatching=perhaps",
        "PatientID=a&PatientID=b",
        "PatientID=a&00100020=b",
        "includefield=NoSuchAttribute",
        "%00=1",
    ],
)
def test_queries_that_cannot_be_answered_are_refused(query: str, web: Web) -> None:
    answer = web.program(Role.VIEWER).get(f"{ROOT}/studies?{query}", headers=JSON)
    assert answer.status_code == 400 and "expected" in answer.json()["detail"]
    assert "NoSuchAttribute" not in answer.text


def test_fields_are_included_on_request(web: Web, result: Screened) -> None:
    report = result.one("SR")
    path = f"studies/{result.uid}/series"
    plain, included, everything = (
        found(web, path, **more) for more in ({}, {"includefield": "PatientID,00080050"}, {"includefield": "all"})
    )
    assert all("00100020" not in one for one in plain)
    assert all(values(one, "PatientID") == [report.PatientID] for one in included)
    assert all(values(one, "AccessionNumber") == ["ACC-1"] for one in everything)


def test_fuzzy_matching_is_not_done_and_said_so(web: Web) -> None:
    answer = web.program(Role.VIEWER).get(f"{ROOT}/studies?PatientName=Do&fuzzymatching=true", headers=JSON)
    assert answer.json() == [] and "fuzzymatching parameter is not supported" in answer.headers["warning"]
    assert answer.headers["warning"].startswith("299 ")


def test_matches_beyond_the_limit_are_reported(web: Web, result: Screened) -> None:
    client, n = web.program(Role.VIEWER), len(result.objects())
    answer = client.get(f"{ROOT}/instances?limit={n - 1}", headers=JSON)
    assert len(answer.json()) == n - 1 and "Additional results can be requested" in answer.headers["warning"]
    rest = client.get(f"{ROOT}/instances?limit={n - 1}&offset={n - 1}", headers=JSON)
    assert "warning" not in rest.headers
    every = {values(one, "SOPInstanceUID")[0] for one in (*answer.json(), *rest.json())}
    assert every == {one.SOPInstanceUID for one in result.objects()}


def test_a_replaced_result_is_not_found(tmp_path: Path, result: Screened) -> None:
    with web_parts(tmp_path / "node") as web:
        result.put(web, times=2)
        assert len(found(web, "studies")) == 1
        rows = found(web, "instances")
        assert len(rows) == len(result.objects())
        descriptions = [values(one, "SeriesDescription")[0] for one in found(web, "series")]
        assert all(one.endswith("; replaces earlier") for one in descriptions)


def test_a_study_that_was_deleted_and_sent_again_has_its_new_result(web: Web, result: Screened, tmp_path: Path) -> None:
    assert len(found(web, "instances")) == len(result.objects())
    services = web.services
    key = next(iter(web.queue.studies.files()))
    keeping = Keeping(services.folder, services.results, services.store, web.queue)
    keeping.delete_old(Retention(keep_images_h=0, keep_results_h=0))
    assert found(web, "instances") == []
    again = tmp_path / "again"
    again.mkdir()
    report = result.one("SR")
    report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    report.save_as(again / "report.dcm")
    assert Screened(result.study, again).put(web) == key
    assert [values(one, "SOPInstanceUID") for one in found(web, "instances")] == [["1.2.3.4"]]


def test_studies_without_a_result_and_deleted_results_are_not_found(web: Web, result: Screened) -> None:
    for file in next(web.services.results.iterdir()).iterdir():
        file.unlink()
    assert found(web, "studies") == []
    next(web.services.results.iterdir()).rmdir()
    assert found(web, "studies") == found(web, "instances") == []


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json", 200),
        ("application/dicom+xml", 406),
        ("text/html, application/dicom+json;q=0.1", 200),
        ("application/dicom+json;q=0", 406),
    ],
)
def test_other_media_types_are_not_acceptable(accept: str, status: int, web: Web) -> None:
    assert web.program(Role.VIEWER).get(f"{ROOT}/studies", headers={"accept": accept}).status_code == status


def test_who_saw_a_patient_is_in_the_audit_log(web: Web, result: Screened) -> None:
    key = next(iter(web.queue.studies.files()))
    found(web, "studies", PatientID="nobody")
    assert [one for one in web.queue.audit.entries() if one.study] == []
    found(web, "studies")
    (entry,) = [one for one in web.queue.audit.entries() if one.study]
    assert (entry.who, entry.did, entry.study, entry.detail) == ("program 2", "saw the patient's name", key, "QIDO-RS")


def test_nothing_of_the_patient_is_in_a_name_or_the_queue(web: Web, result: Screened) -> None:
    found(web, "instances", includefield="all")
    names = "\n".join(str(one) for one in web.services.folder.rglob("*"))
    content = b"".join(one.read_bytes() for one in web.services.folder.glob("*.sqlite*"))
    for value in ("Secret", "SECRET-4711", "ACC-1", result.uid, *(str(one.SOPInstanceUID) for one in result.objects())):
        assert value not in names and value.encode() not in content


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("a*b*c", "aXbYc", True),
        ("a*b", "ab", True),
        ("a*b", "abc", False),
        ("??", "ab", True),
        ("?", "", False),
        ("*a", "ba", True),
        ("a**", "a", True),
        ("[a]*", "[a]x", True),
        ("[a]*", "ax", False),
        ("*" * 60 + "b", "a" * 60, False),
    ],
)
def test_wildcards(pattern: str, text: str, fits: bool) -> None:
    assert _equals("LO", pattern, text) is fits
