"""The node as a process: from a push to the result at its destination, through failures of all that is around it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from commitment_sender import request, scanner
from dicom_valid import errors
from ichor.node.status import status_of
from node_parts import Pacs, RunningNode, send, small_study, to_pacs, write_config
from signals import LINUX, has_ended, until
from synthetic_dicom import CT_IMAGE, PATIENT, save

SEG = "1.2.840.10008.5.1.4.1.1.66.4"


@pytest.fixture
def pacs() -> Iterator[Pacs]:
    with Pacs() as one:
        yield one


def results(node: RunningNode) -> list[Path]:
    return sorted((node.folder / "results").iterdir())


def findings(result: Path) -> dict[str, Any]:
    return json.loads((result / "findings.json").read_text())


def test_a_study_is_screened_and_its_result_delivered(pacs: Pacs, tmp_path: Path) -> None:
    study = small_study()
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        assert send(node.port, study) == [0] * len(study)
        node.wait_for(delivered=1)
        assert node.stop() == 0
    (result,) = results(node)
    assert findings(result)["scan"]["series_uids"] == [study[0].SeriesInstanceUID]
    assert json.loads((result / "analysis.json").read_text()) == {"number": 1, "replaces": None, "images": len(study)}
    (one,) = pacs.of_study(study[0].StudyInstanceUID)
    assert one.SOPClassUID == SEG and one.PatientID == study[0].PatientID
    referenced = {item.ReferencedSOPInstanceUID for item in one.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert referenced == {slice_.SOPInstanceUID for slice_ in study}
    assert "replaces" not in one.SeriesDescription


@pytest.mark.long
def test_a_duplicate_push_is_not_analyzed_again(pacs: Pacs, tmp_path: Path) -> None:
    study = small_study()
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        send(node.port, study)
        node.wait_for(delivered=1)
        assert send(node.port, study) == [0] * len(study)
        other = small_study()
        send(node.port, other)
        node.wait_for(delivered=2)
    assert len(results(node)) == 2 and pacs.n_received == 2


@pytest.mark.long
def test_a_late_slice_leads_to_a_result_that_replaces_the_first(pacs: Pacs, tmp_path: Path) -> None:
    study = small_study()
    screening = {"model": str(tmp_path / "package"), "threads": 1, "outputs": ["dicom-seg", "dicom-sr"]}
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs), screening=screening) as node:
        send(node.port, study[:-1])
        node.wait_for(delivered=1)
        send(node.port, study[-1:])
        until(lambda: pacs.n_received == 4)
        node.wait_for(delivered=1)
    first, second = results(node)
    assert json.loads((second / "analysis.json").read_text()) == {"number": 2, "replaces": 1, "images": len(study)}
    assert findings(second)["scan"]["n_slices"] == findings(first)["scan"]["n_slices"] + 1
    objects = pacs.of_study(study[0].StudyInstanceUID)
    assert sum(one.SeriesDescription.endswith("; replaces earlier") for one in objects) == 2
    assert all(len(one.SeriesDescription) <= 64 for one in objects)
    reports = [one for one in objects if one.Modality == "SR"]
    earlier, later = sorted(reports, key=lambda one: len(one.SeriesDescription))
    assert "PredecessorDocumentsSequence" not in earlier
    (reference,) = later.PredecessorDocumentsSequence
    assert reference.StudyInstanceUID == study[0].StudyInstanceUID
    (series,) = reference.ReferencedSeriesSequence
    (document,) = series.ReferencedSOPSequence
    assert series.SeriesInstanceUID == earlier.SeriesInstanceUID
    assert document.ReferencedSOPInstanceUID == earlier.SOPInstanceUID != later.SOPInstanceUID
    if shutil.which("dciodvfy"):
        assert errors(save([later], tmp_path / "later", names=["later.dcm"]) / "later.dcm") == []


@pytest.mark.long
def test_a_study_without_a_usable_series_says_why_and_does_not_delay_others(pacs: Pacs, tmp_path: Path) -> None:
    scout = small_study(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])[:2]
    good = small_study()
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        send(node.port, scout)
        send(node.port, good)
        node.wait_for(unusable=1, delivered=1)
        (problem,) = status_of(node.folder).problems
    about = json.loads((node.folder / "results" / problem.result / "unusable.json").read_text())
    assert "localizer" in about["reason"] and about["reason"] == problem.reason and str(tmp_path) not in problem.reason
    (series,) = about["series"]
    assert series["uid"] == scout[0].SeriesInstanceUID and series["reason"] == "localizer"


@pytest.mark.long
def test_the_best_series_is_chosen_and_named(pacs: Pacs, tmp_path: Path) -> None:
    head = small_study()
    thin = small_study(StudyInstanceUID=head[0].StudyInstanceUID, SliceThickness=1, BodyPartExamined="CHEST")
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        send(node.port, [*thin, *head])
        node.wait_for(delivered=1)
    (result,) = results(node)
    assert findings(result)["scan"]["series_uids"] == [head[0].SeriesInstanceUID]


@pytest.mark.long
def test_a_destination_that_is_down_gets_its_result_later(tmp_path: Path) -> None:
    with Pacs() as gone:
        port = gone.port
        destinations = to_pacs(gone)
    with RunningNode(tmp_path / "node", destinations=destinations) as node:
        study = small_study()
        send(node.port, study)
        until(lambda: status_of(node.folder).pending)
        assert node.counts() == {"delivering": 1}
        assert "expected an association" in status_of(node.folder).pending[0].reason
        with Pacs(port) as back:
            node.wait_for(delivered=1)
            assert len(back.of_study(study[0].StudyInstanceUID)) == 1


@pytest.mark.long
def test_deliveries_given_up_are_listed_and_can_be_retried(pacs: Pacs, tmp_path: Path) -> None:
    pacs.status = 0xA700
    retry = {"first_s": 0.1, "most_s": 0.1, "give_up_h": 1 / 3600}
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs), retry=retry) as node:
        study = small_study()
        send(node.port, study)
        node.wait_for(undelivered=1)
        said = ichor("status", node.folder)
        assert "given up" in said and "found status 0xA700" in said
        pacs.status = 0
        assert "deliveries to retry: 1" in ichor("retry", node.folder)
        node.wait_for(delivered=1)
        assert len(pacs.of_study(study[0].StudyInstanceUID)) == 1


def ichor(*words: object, expected: int = 0) -> str:
    command = [*RunningNode.COMMAND, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.long
def test_a_clean_end_leaves_no_process_and_loses_nothing(number: int, pacs: Pacs, tmp_path: Path) -> None:
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        assert node.process is not None
        studies = [small_study() for _ in range(3)]
        for study in studies:
            send(node.port, study)
        until(lambda: node.counts().get("analysing") and workers_of(node))
        processes = psutil.Process(node.process.pid).children(recursive=True)
        assert node.stop(number) == 0
        until(lambda: all(map(has_ended, processes)))
        assert not status_of(node.folder).running
        node.start()
        node.wait_for(delivered=3)
    assert len(results(node)) == 3 and len(pacs.objects) == 3


@LINUX
@pytest.mark.long
def test_no_child_outlives_a_killed_node(pacs: Pacs, tmp_path: Path) -> None:
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        assert node.process is not None
        send(node.port, small_study())
        until(lambda: any(one.children() for one in workers_of(node)))  # a study is claimed before its worker starts
        processes = psutil.Process(node.process.pid).children(recursive=True)
        node.stop(signal.SIGKILL)
        until(lambda: all(map(has_ended, processes)))
        node.start()
        node.wait_for(delivered=1)


@pytest.mark.long
def test_a_killed_worker_is_replaced_and_its_study_analyzed(pacs: Pacs, tmp_path: Path) -> None:
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        assert node.process is not None
        send(node.port, small_study())
        until(lambda: any(one.children() for one in workers_of(node)))  # it has its task: it reads
        for one in workers_of(node):
            one.kill()
        node.wait_for(delivered=1)
        assert "the worker process died; trying again" in node.log.read_text()


def workers_of(node: RunningNode) -> list[psutil.Process]:
    assert node.process is not None
    children = psutil.Process(node.process.pid).children()
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


@pytest.mark.long
def test_images_are_deleted_after_delivery_and_a_late_slice_asks_for_them(pacs: Pacs, tmp_path: Path) -> None:
    study = small_study()
    retention, completion = {"keep_images_h": 0}, {"quiet_s": 3}  # so long that a busy machine makes one study of it
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs), retention=retention, completion=completion) as node:
        send(node.port, study[:-1])
        until(lambda: "images deleted" in node.log.read_text())
        assert not list((node.folder / "images").iterdir()) and len(results(node)) == 1
        send(node.port, study[-1:])
        node.wait_for(unusable=1)
        assert "send the whole study again" in status_of(node.folder).problems[0].reason
        send(node.port, study)
        until(lambda: len(pacs.objects) == 2)
    assert findings(results(node)[-1])["scan"]["n_slices"] == len(study)


@pytest.mark.long
def test_a_watched_folder_is_emptied(pacs: Pacs, tmp_path: Path) -> None:
    watched = {"folder": "incoming", "still_s": 0.5}
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs), watched=watched) as node:
        incoming = node.folder / "incoming"
        save(small_study(), incoming / "study")  # type: ignore[arg-type]
        (incoming / "note.txt").write_text("no image")
        node.wait_for(delivered=1)
        until(lambda: [one.name for one in incoming.iterdir()] == ["refused"])
        (refused,) = (incoming / "refused").iterdir()
        assert refused.read_text() == "no image"


@pytest.mark.long
def test_storage_commitment_is_reported_to_the_sender(tmp_path: Path) -> None:
    with scanner() as one:
        senders = [{"ae_title": "SCANNER", "host": "127.0.0.1", "port": one.port}]
        with RunningNode(tmp_path / "node", senders=senders) as node:
            study = small_study()
            send(node.port, study)
            assert request(node.port, *((CT_IMAGE, image.SOPInstanceUID) for image in study)) == 0
            until(lambda: one.reports)
    ((event_type, report),) = one.reports
    assert event_type == 1 and len(report.ReferencedSOPSequence) == len(study)


@pytest.mark.long
def test_the_log_holds_nothing_of_the_patient(pacs: Pacs, tmp_path: Path) -> None:
    study, scout = small_study(), small_study(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])[:1]
    broken = small_study()[:1]
    del broken[0].StudyInstanceUID
    pacs.status = 0xC001
    with RunningNode(tmp_path / "node", destinations=to_pacs(pacs)) as node:
        for images in (study, scout, broken):
            send(node.port, images)
        until(lambda: status_of(node.folder).pending and "unusable" in node.counts())
        said = ichor("status", node.folder) + ichor("status", node.folder, "--json")
        node.stop()
    said += node.log.read_text() + "\n".join(str(path) for path in node.folder.rglob("*"))
    assert "not delivered to pacs" in said and "cannot be screened" in said and "refused" in said
    for value in PATIENT.values():
        assert value not in said
    for one in (*study, *scout, *broken):
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
            assert str(one.get(keyword, "no such value")) not in said


@pytest.mark.long
def test_two_nodes_cannot_share_a_folder(tmp_path: Path) -> None:
    with RunningNode(tmp_path / "node", retry={"first_s": 1}) as node:
        said = ichor("run", node.folder, expected=2)
        assert "expected a node that is not running, found one that another process runs" in said


@pytest.mark.long
def test_on_a_full_disk_nothing_that_was_acknowledged_is_lost(pacs: Pacs, small_disk: Path, tmp_path: Path) -> None:
    if not small_disk.is_mount():
        return  # another process does not take a folder for a disk: test_listener.py fills it in its own
    write_config(tmp_path / "node", destinations=to_pacs(pacs))
    (small_disk / "node").mkdir()
    (small_disk / "node" / "node.yaml").write_text((tmp_path / "node" / "node.yaml").read_text())
    one = RunningNode(small_disk / "node")
    one.log = tmp_path / "log"
    ballast = small_disk / "ballast"
    study = small_study()
    with one:
        (status,) = send(one.port, study[:1])
        assert status == 0
        with ballast.open("wb") as file, pytest.raises(OSError, match="No space left"):
            while True:
                os.write(file.fileno(), bytes(4096))
        refused = send(one.port, study[1:])
        assert 0xA700 in refused and set(refused) <= {0, 0xA700}
        ballast.unlink()
        assert send(one.port, study[1:]) == [0] * len(study[1:])
        until(lambda: one.counts() == {"delivered": 1} and findings(results(one)[-1])["scan"]["n_slices"] == len(study))
