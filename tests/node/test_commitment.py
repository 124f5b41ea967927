"""Storage commitment: the report comes on an association of its own, and says what is on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from commitment_sender import Scanner, request
from commitment_sender import scanner as scanner_here
from ichor.errors import IchorError
from ichor.node.config import Listener, Sender
from ichor.node.network.committing import Committer
from node_parts import SENDER, Listening, listening, send
from synthetic_dicom import CT_IMAGE, ENHANCED_CT, ct_slices


@pytest.fixture
def scanner() -> Iterator[Scanner]:
    with scanner_here() as one:
        yield one


def answer(node: Listening, scanner: Scanner) -> None:
    commitment = node.queue.commitments.due()
    assert commitment is not None
    sender = Sender(ae_title=SENDER, host="127.0.0.1", port=scanner.port)
    Committer(Listener(), {SENDER: sender}, node.queue.studies).answer(commitment)
    node.queue.commitments.answered(commitment)


def test_what_is_stored_is_committed(scanner: Scanner, tmp_path: Path) -> None:
    images = ct_slices()[:3]
    transaction = generate_uid()
    with listening(tmp_path) as node:
        send(node.port, images)
        assert request(node.port, *((CT_IMAGE, one.SOPInstanceUID) for one in images), transaction=transaction) == 0
        answer(node, scanner)
    ((event_type, report),) = scanner.reports
    assert event_type == 1 and report.TransactionUID == transaction and "FailedSOPSequence" not in report
    assert {one.ReferencedSOPInstanceUID for one in report.ReferencedSOPSequence} == {
        one.SOPInstanceUID for one in images
    }


def test_what_is_not_stored_is_not_committed_and_why(scanner: Scanner, tmp_path: Path) -> None:
    (one,) = ct_slices()[:1]
    unknown = generate_uid()
    with listening(tmp_path) as node:
        send(node.port, [one])
        assert request(node.port, (CT_IMAGE, unknown), (ENHANCED_CT, one.SOPInstanceUID)) == 0
        answer(node, scanner)
    ((event_type, report),) = scanner.reports
    failed = {item.ReferencedSOPInstanceUID: item.FailureReason for item in report.FailedSOPSequence}
    assert event_type == 2 and failed == {unknown: 0x0112, one.SOPInstanceUID: 0x0119}


def test_a_request_outlives_a_restart(tmp_path: Path) -> None:
    with listening(tmp_path) as node:
        assert request(node.port, (CT_IMAGE, "1.2.3")) == 0
    with listening(tmp_path) as node:
        commitment = node.queue.commitments.due()
        assert commitment is not None and commitment.references == ((CT_IMAGE, "1.2.3"),)


def test_a_report_that_is_not_confirmed_is_not_answered(scanner: Scanner, tmp_path: Path) -> None:
    scanner.status = 0x0110
    with listening(tmp_path) as node:
        request(node.port, (CT_IMAGE, "1.2.3"))
        with pytest.raises(IchorError, match="expected the report to be confirmed"):
            answer(node, scanner)


def test_a_sender_without_an_address_is_reported(tmp_path: Path) -> None:
    with listening(tmp_path) as node:
        request(node.port, (CT_IMAGE, "1.2.3"))
        commitment = node.queue.commitments.due()
        assert commitment is not None
        with pytest.raises(IchorError, match="expected a sender with host and port"):
            Committer(Listener(), {SENDER: Sender(ae_title=SENDER)}, node.queue.studies).answer(commitment)


def test_another_request_is_refused(tmp_path: Path) -> None:
    with listening(tmp_path) as node:
        assert request(node.port, (CT_IMAGE, "1.2.3"), action=2) == 0x0123
        assert request(node.port) == 0x0115
        assert node.queue.commitments.due() is None


def test_a_request_can_complete_a_study(tmp_path: Path) -> None:
    images = ct_slices()[:3]
    references = [(CT_IMAGE, one.SOPInstanceUID) for one in images]
    with listening(tmp_path, completion={"on_commitment": True}) as node:
        send(node.port, images)
        request(node.port, *references[:2])
        assert node.queue.studies.counts() == {"receiving": 1}
        request(node.port, *references)
        assert node.queue.studies.counts() == {"waiting": 1}
