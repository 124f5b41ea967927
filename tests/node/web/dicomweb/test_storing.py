"""STOW-RS: what is told to be stored is on disk and in the queue; malformed messages do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from ichor.node.logs import log
from ichor.node.people import Role
from node_parts import as_bytes
from synthetic_dicom import PATIENT, ct_slices
from synthetic_dicomweb import ROOT, message, of_type, stow, values
from web_parts import Web, web_parts

CT = "1.2.840.10008.5.1.4.1.1.2"
STUDIES = f"{ROOT}/studies"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with web_parts(tmp_path / "node", listener={"limits": {"image_mib": 1}}) as one:
        one.services.intake._most_bytes = 2**20
        yield one


def n_held(web: Web) -> int:
    """How many images the queue names; each is on disk."""
    files = web.queue.studies.files()
    assert web.services.store.missing(files) == []
    return sum(map(len, files.values()))


def left_over(web: Web) -> list[str]:
    """What lies in the folder of images beside those that the queue names."""
    named = {name for names in web.queue.studies.files().values() for name in names}
    return [one.name for one in (web.services.folder / "images").rglob("*") if one.is_file() and one.name not in named]


def failures(answer: Any, sequence: str = "FailedSOPSequence") -> list[int]:
    return [values(item, "FailureReason")[0] for item in values(answer.json(), sequence)]


def test_what_is_reported_to_be_stored_is_stored(web: Web) -> None:
    images = ct_slices()
    answer = stow(web, images)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/dicom+json"
    told = Dataset.from_json(answer.text).ReferencedSOPSequence
    assert [(one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID) for one in told] == [
        (CT, one.SOPInstanceUID) for one in images
    ]
    assert n_held(web) == len(images) and left_over(web) == []
    stored = {file.read_bytes() for file in (web.services.folder / "images").rglob("*.dcm")}
    assert stored == {as_bytes(one) for one in images}


def test_an_image_is_the_same_whichever_way_it_comes(web: Web) -> None:
    images = ct_slices()[:2]
    assert stow(web, images).status_code == stow(web, images).status_code == 200
    web.queue.studies.complete_quiet(0)
    analysis = web.queue.analyses.next()
    assert analysis is not None
    for one in images:
        web.services.intake.take(as_bytes(one))
    assert n_held(web) == 2 and web.queue.studies.counts() == {"analysing": 1}


def test_images_of_another_study_than_the_path_names_are_refused(web: Web) -> None:
    named, other = ct_slices(study_uid=generate_uid())[:1], ct_slices(study_uid=generate_uid())[:2]
    answer = stow(web, [*named, *other], named[0].StudyInstanceUID)
    assert answer.status_code == 202 and failures(answer) == [0xC001, 0xC001]
    refused = [values(one, "ReferencedSOPInstanceUID")[0] for one in values(answer.json(), "FailedSOPSequence")]
    assert refused == [one.SOPInstanceUID for one in other] and n_held(web) == 1
    answer = stow(web, other, named[0].StudyInstanceUID)
    assert answer.status_code == 409 and n_held(web) == 1


def mr_image() -> bytes:
    one = ct_slices()[0]
    one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    return as_bytes(one)


def without_study() -> bytes:
    one = ct_slices()[0]
    del one.StudyInstanceUID
    return as_bytes(one)


@pytest.mark.parametrize(
    ("part", "sequence", "code"),
    [
        (mr_image, "FailedSOPSequence", 0x0122),
        (without_study, "OtherFailuresSequence", 0xC000),
        (lambda: b"no DICOM at all", "OtherFailuresSequence", 0xC000),
        (lambda: b"", "OtherFailuresSequence", 0xC000),
        (lambda: as_bytes(ct_slices()[0])[:300], "OtherFailuresSequence", 0xC000),
        (lambda: bytes(2**20 + 1), "OtherFailuresSequence", 0xA700),
    ],
    ids=["MR", "no study", "no DICOM", "empty", "cut off", "too large"],
)
def test_a_part_that_is_refused_says_why_and_the_others_are_stored(
    part: Any, sequence: str, code: int, web: Web
) -> None:
    program, good = web.program(), [as_bytes(one) for one in ct_slices()[:2]]
    answer = program.post(STUDIES, content=message([good[0], part(), good[1]]), headers=of_type())
    assert answer.status_code == 202 and failures(answer, sequence) == [code]
    assert len(values(answer.json(), "ReferencedSOPSequence")) == n_held(web) == 2 and left_over(web) == []
    answer = program.post(STUDIES, content=message([part()]), headers=of_type())
    assert answer.status_code == 409 and failures(answer, sequence) == [code] and "00081199" not in answer.json()


def test_a_part_of_another_type_is_refused(web: Web) -> None:
    content = message([as_bytes(ct_slices()[0])], kind="application/dicom+json")
    answer = web.program().post(STUDIES, content=content, headers=of_type())
    assert answer.status_code == 409 and failures(answer, "OtherFailuresSequence") == [0xC000]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/dicom",
        "application/json",
        "multipart/form-data; boundary=b",
        "multipart/related; boundary=b",
        'multipart/related; type="application/dicom+json"; boundary=b',
        'multipart/related; type="application/dicom"',
        f'multipart/related; type="application/dicom"; boundary={"b" * 201}',
        'multipart/related; type="application/dicom"; boundary="\u00e9"',
    ],
)
def test_other_content_types_are_not_supported(content_type: str, web: Web) -> None:
    headers = {"content-type": content_type.encode("latin-1")}
    answer = web.program().post(STUDIES, content=message([as_bytes(ct_slices()[0])]), headers=headers)
    assert answer.status_code == 415 and "expected" in answer.json()["detail"] and n_held(web) == 0


GOOD = message([as_bytes(ct_slices()[0])])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--b--\r\n",
        b"nothing like it",
        GOOD[:-10],
        GOOD[: len(GOOD) // 2],
        GOOD.replace(b"--b", b"--c"),
        b"--b\r\n" + b"X: y\r\n" * 100 + b"\r\n\r\n--b--\r\n",
        b"--b\r\nX: " + b"y" * 10_000 + b"\r\n\r\n\r\n--b--\r\n",
        b"--b\r\nno header\r\n\r\n\r\n--b--\r\n",
    ],
    ids=["empty", "no part", "no boundary", "no end", "half", "another", "headers", "long header", "bad header"],
)
def test_a_malformed_message_is_reported(content: bytes, web: Web) -> None:
    answer = web.program().post(STUDIES, content=content, headers=of_type())
    assert answer.status_code == 400 and answer.json()["detail"].startswith("expected") and left_over(web) == []


def test_a_client_that_accepts_no_json_is_reported(web: Web) -> None:
    headers = {**of_type(), "accept": "application/dicom+xml"}
    assert web.program().post(STUDIES, content=GOOD, headers=headers).status_code == 406
    assert n_held(web) == 0


def test_only_operators_may_send(web: Web) -> None:
    assert web.stranger().post(STUDIES, content=GOOD, headers=of_type()).status_code == 401
    assert web.program(Role.VIEWER).post(STUDIES, content=GOOD, headers=of_type()).status_code == 403
    assert n_held(web) == 0


def test_a_full_disk_is_reported_as_out_of_resources(web: Web) -> None:
    web.services.store._keep_free = 2**60
    answer = stow(web, ct_slices()[:2])
    assert answer.status_code == 409 and failures(answer, "OtherFailuresSequence") == [0xA700] * 2
    web.services.store._keep_free = 0
    assert stow(web, ct_slices()[:2]).status_code == 200


def test_a_node_that_stops_takes_nothing(web: Web) -> None:
    web.services.stopping.set()
    answer = stow(web, ct_slices()[:1])
    assert answer.status_code == 503 and answer.headers["retry-after"] and n_held(web) == 0


def test_who_sent_is_in_the_audit_log_and_nothing_of_whom_in_the_log(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    images = ct_slices()[:2]
    with caplog.at_level("INFO", log.name):
        answer = web.program().post(
            STUDIES, content=message([*map(as_bytes, images), mr_image(), without_study()]), headers=of_type()
        )
    assert answer.status_code == 202
    assert "program 1 sent 2 images by STOW-RS, 0 of them known; 2 parts refused" in caplog.text
    for one in (*PATIENT.values(), *(str(image.SOPInstanceUID) for image in images), images[0].StudyInstanceUID):
        assert one not in caplog.text
    (entry,) = [one for one in web.queue.audit.entries() if one.did == "sent images"]
    assert entry.who == "program 1" and entry.study == next(iter(web.queue.studies.files()))


def test_names_that_try_to_leave_the_folder_do_not(web: Web, tmp_path: Path) -> None:
    one = ct_slices()[0]
    one.StudyInstanceUID = one.SeriesInstanceUID = "../../escaped"
    one.SOPInstanceUID = "../../../escaped"
    stow(web, [one])
    assert not list(tmp_path.rglob("*escaped*")) and not list(tmp_path.parent.glob("*escaped*"))
    assert web.program().post(f"{STUDIES}/../../escaped", content=GOOD, headers=of_type()).status_code in (404, 405)
    assert web.program().post(f"{STUDIES}/..%2f..%2fescaped", content=GOOD, headers=of_type()).status_code in (404, 405)
