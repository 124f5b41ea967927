"""Images are taken in whole or not at all, and under names that say nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from ichor.errors import OutputFailed
from ichor.node.intake import Intake, Refused, Taken
from ichor.node.queue.queue import Queue
from ichor.node.store import Store
from synthetic_dicom import PATIENT, ct_slices

MOST = 10**6


def content_of(one: pydicom.FileDataset) -> bytes:
    buffer = BytesIO()
    one.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(tmp_path) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "images")


@pytest.fixture
def intake(store: Store, queue: Queue) -> Intake:
    return Intake(store, queue, MOST)


def stored(tmp_path: Path) -> list[Path]:
    return sorted(one for one in (tmp_path / "images").rglob("*") if one.is_file())


def test_an_image_is_stored_as_it_came(intake: Intake, queue: Queue, tmp_path: Path) -> None:
    content = content_of(ct_slices()[0])
    assert intake.take(content) is Taken.NEW
    (file,) = stored(tmp_path)
    assert file.read_bytes() == content and queue.studies.files() == {file.parent.name: {file.name}}
    modes = {stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "images", file.parent)}
    assert modes == {0o700} and stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_name_and_no_row_holds_anything_of_the_patient(intake: Intake, tmp_path: Path) -> None:
    one = ct_slices()[0]
    intake.take(content_of(one))
    names = "\n".join(str(file) for file in tmp_path.rglob("*"))
    database = b"".join(file.read_bytes() for file in tmp_path.glob("queue.sqlite*"))
    for value in (*PATIENT.values(), one.SOPInstanceUID, one.StudyInstanceUID, one.SeriesInstanceUID):
        assert str(value) not in names and str(value).encode() not in database


def test_a_duplicate_is_acknowledged_and_not_stored_again(intake: Intake, tmp_path: Path) -> None:
    content = content_of(ct_slices()[0])
    assert [intake.take(content), intake.take(content)] == [Taken.NEW, Taken.DUPLICATE]
    assert len(stored(tmp_path)) == 1


def test_file_meta_information_does_not_make_another_image(intake: Intake) -> None:
    one = ct_slices()[0]
    intake.take(content_of(one))
    one.file_meta.SourceApplicationEntityTitle = "FORWARDER"
    assert intake.take(content_of(one)) is Taken.DUPLICATE


def test_changed_content_is_a_new_image_in_place_of_the_old_one(
    intake: Intake, store: Store, queue: Queue, tmp_path: Path
) -> None:
    one = ct_slices()[0]
    intake.take(content_of(one))
    (old,) = stored(tmp_path)
    one.KVP = 120
    assert intake.take(content_of(one)) is Taken.NEW
    files = queue.studies.files()
    assert len(stored(tmp_path)) == 2 and old.name not in files[old.parent.name]
    store.delete_superseded(old.parent.name, files[old.parent.name])
    assert [file.name for file in stored(tmp_path)] == list(files[old.parent.name])


def without(keyword: str) -> Callable[[pydicom.FileDataset], None]:
    return lambda one: delattr(one, keyword)


def with_value(keyword: str, value: str) -> Callable[[pydicom.FileDataset], None]:
    return lambda one: setattr(one, keyword, value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_value("SOPClassUID", "1.2.840.10008.5.1.4.1.1.4"), "found an object of another SOP class"),
        (without("SOPInstanceUID"), "found none"),
        (without("StudyInstanceUID"), "found none"),
        (with_value("StudyInstanceUID", "1." + "2" * 80), "found none"),
    ],
)
def test_another_object_is_refused(
    change: Callable[[pydicom.FileDataset], None], reason: str, intake: Intake, tmp_path: Path
) -> None:
    one = ct_slices()[0]
    change(one)
    buffer = BytesIO()
    with pydicom.config.disable_value_validation():
        one.save_as(buffer)
    with pytest.raises(Refused, match=reason):
        intake.take(buffer.getvalue())
    assert stored(tmp_path) == []


def test_an_image_that_differs_from_what_was_announced_is_refused(intake: Intake) -> None:
    one = ct_slices()[0]
    with pytest.raises(Refused, match="another one"):
        intake.take(content_of(one), expected=(one.SOPClassUID, generate_uid()))


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, bytes(128) + b"DICM" + os.urandom(1000)])
def test_rubbish_is_refused(content: bytes, intake: Intake) -> None:
    with pytest.raises(Refused):
        intake.take(content)


def test_a_large_image_is_refused(intake: Intake) -> None:
    with pytest.raises(Refused, match="at most 1000000 bytes"):
        intake.take(content_of(ct_slices()[0]) + bytes(MOST))


def test_a_deflate_bomb_is_refused(intake: Intake) -> None:
    one = ct_slices()[0]
    one.PixelData = bytes(600 * 2**20)
    one.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    content = content_of(one)
    assert len(content) < MOST
    with pytest.raises(Refused, match="when inflated"):
        intake.take(content)


def test_names_that_try_to_leave_the_folder_do_not(intake: Intake, tmp_path: Path) -> None:
    one = ct_slices()[0]
    buffer = BytesIO()
    one.SOPInstanceUID = "../../../escaped"
    one.StudyInstanceUID = "../../escaped"
    one.save_as(buffer)
    intake.take(buffer.getvalue())
    assert not list(tmp_path.rglob("*escaped*")) and len(stored(tmp_path)) == 1


def test_unacknowledged_files_are_deleted_at_the_start(intake: Intake, store: Store, queue: Queue) -> None:
    for one in ct_slices()[:2]:
        intake.take(content_of(one))
    files = queue.studies.files()
    ((study, names),) = files.items()
    (store.folder(study) / ".half.ichor-partial").write_bytes(b"half")
    (store.folder(study) / "without-row.dcm").write_bytes(b"whole")
    store.folder("c" * 64).mkdir()
    (store.folder("c" * 64) / "one.dcm").write_bytes(b"whole")
    assert store.sweep(files) == 3 and store.missing(files) == []
    assert {file.name for file in store.folder(study).iterdir()} == names
    (store.folder(study) / min(names)).unlink()
    assert store.missing(files) == [(study, min(names))]


def test_an_image_that_somebody_deleted_is_stored_when_it_is_sent_again(
    intake: Intake, store: Store, queue: Queue, tmp_path: Path
) -> None:
    content = content_of(ct_slices()[0])
    intake.take(content)
    (file,) = stored(tmp_path)
    file.unlink()
    for study, name in store.missing(queue.studies.files()):
        queue.studies.mark_image_missing(study, name)
    assert intake.take(content) is Taken.DUPLICATE and stored(tmp_path) == [file]


def test_disk_space_is_kept_free(queue: Queue, tmp_path: Path) -> None:
    intake = Intake(Store(tmp_path / "images", keep_free_bytes=10**18), queue, MOST)
    with pytest.raises(OutputFailed, match="to stay free on the disk"):
        intake.take(content_of(ct_slices()[0]))
    assert stored(tmp_path) == [] and queue.studies.files() == {}


def test_a_full_disk_refuses_and_loses_nothing(small_disk: Path) -> None:
    acknowledged = 0
    with Queue(small_disk) as queue:
        intake = Intake(Store(small_disk / "images"), queue, MOST)
        study = generate_uid()
        with pytest.raises(OutputFailed):
            while acknowledged < 1000:
                one = ct_slices(study_uid=study)[0]
                one.PixelData = os.urandom(100_000)
                assert intake.take(content_of(one)) is Taken.NEW
                acknowledged += 1
    with Queue(small_disk) as queue:
        files = queue.studies.files()
        assert Store(small_disk / "images").missing(files) == []
        assert sum(map(len, files.values())) == acknowledged > 5
