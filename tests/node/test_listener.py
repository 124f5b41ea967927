"""The listener, with pynetdicom and dcmtk as senders: what it takes, what it refuses, and when it says yes."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import JPEGLosslessSV1, generate_uid
from pynetdicom import sop_class

from ichor.errors import BadConfig, IchorError
from ichor.node.logs import log
from ichor.node.network.guard import MOST_PDU_BYTES
from ichor.node.syntaxes import TRANSFER_SYNTAXES
from node_parts import EXPLICIT, associated, listening, send, write_certificate
from signals import until
from synthetic_dicom import (
    CT_IMAGE,
    ENHANCED_CT,
    PATIENT,
    ct_slices,
    enhanced_ct,
    hu_of_head,
    synthetic_series,
    transcoded,
    transfer_syntax,
)

pytestmark = pytest.mark.long

ECHO = "1.2.840.10008.1.1"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"


def n_stored(folder: Path) -> int:
    return sum(1 for _ in (folder / "images").rglob("*.dcm"))


def test_a_configured_sender_is_accepted_and_others_are_rejected(tmp_path: Path) -> None:
    with listening(tmp_path) as node:
        with associated(node.port, (ECHO, EXPLICIT)) as association:
            assert association.send_c_echo().Status == 0
        for wrong in ({"title": "STRANGER"}, {"called": "OTHER"}):
            with associated(node.port, (ECHO, EXPLICIT), **wrong) as association:
                assert association.is_rejected
        assert node.monitor.registry.get_sample_value("ichor_associations_rejected_total") == 2


def test_a_sender_from_another_address_is_not_authorized(tmp_path: Path) -> None:
    senders = [{"ae_title": "SCANNER", "host": "10.1.2.3"}]
    with listening(tmp_path, senders=senders) as node:
        with associated(node.port, (ECHO, EXPLICIT)) as association:
            assert association.send_c_echo().Status == 0x0124
        assert send(node.port, ct_slices()[:1]) == [0x0124]
        refused = node.monitor.registry.get_sample_value("ichor_images_total", {"outcome": "refused"})
        assert refused == 1
    assert n_stored(tmp_path) == 0


def test_a_series_that_is_sent_twice_is_added_once(tmp_path: Path) -> None:
    images = ct_slices()
    with listening(tmp_path) as node:
        assert send(node.port, images) == [0] * len(images)
        assert send(node.port, images) == [0] * len(images)
        assert n_stored(tmp_path) == len(images) == sum(map(len, node.queue.studies.files().values()))
        (file, *_) = (tmp_path / "images").rglob("*.dcm")
        assert pydicom.dcmread(file).SOPInstanceUID in {one.SOPInstanceUID for one in images}


@pytest.mark.parametrize(
    "name", ["ImplicitVRLittleEndian", "RLELossless", "JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless"]
)
def test_compressed_images_are_accepted_as_they_are(name: str, tmp_path: Path) -> None:
    made = transcoded(ct_slices()[:2], tmp_path / "made", name)
    syntax = transfer_syntax(made)
    images = [pydicom.dcmread(file) for file in sorted(made.iterdir())]
    with listening(tmp_path) as node:
        assert send(node.port, images) == [0, 0]
    stored = [pydicom.dcmread(file) for file in sorted((tmp_path / "images").rglob("*.dcm"))]
    assert {str(one.file_meta.TransferSyntaxUID) for one in stored} == {syntax}
    assert {one.PixelData for one in stored} == {one.PixelData for one in images}


def test_every_transfer_syntax_of_ct_is_negotiated(tmp_path: Path) -> None:
    proposed = [(CT_IMAGE, syntax) for syntax in TRANSFER_SYNTAXES]
    with listening(tmp_path) as node, associated(node.port, *proposed) as association:
        accepted = {one.transfer_syntax[0] for one in association.accepted_contexts}
    assert accepted == set(TRANSFER_SYNTAXES)


def test_other_classes_are_refused_when_the_association_is_opened(tmp_path: Path) -> None:
    proposed = [
        (CT_IMAGE, EXPLICIT),
        (ENHANCED_CT, EXPLICIT),
        (MR_IMAGE, EXPLICIT),
        (sop_class.EnhancedSRStorage, EXPLICIT),
    ]
    with listening(tmp_path) as node, associated(node.port, *proposed) as association:
        assert {one.abstract_syntax for one in association.accepted_contexts} == {CT_IMAGE, ENHANCED_CT}
        assert {one.result for one in association.rejected_contexts} == {3}  # abstract syntax not supported


def test_a_multi_frame_image_is_accepted(tmp_path: Path) -> None:
    with listening(tmp_path) as node:
        assert send(node.port, [enhanced_ct(hu_of_head())]) == [0]


def test_an_image_without_a_study_is_not_understood(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = ct_slices()[0]
    del one.StudyInstanceUID
    with listening(tmp_path) as node:
        assert send(node.port, [one]) == [0xC000]
    assert n_stored(tmp_path) == 0


def test_dcmtk_sends(storescu: str, tmp_path: Path) -> None:
    made = synthetic_series(tmp_path / "made")
    with listening(tmp_path) as node:
        command = [storescu, "-aet", "SCANNER", "-aec", "ICHOR", "127.0.0.1", str(node.port), "+sd", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        stranger = [storescu, "-aet", "NOBODY", *command[3:]]
        assert subprocess.run(stranger, capture_output=True, check=False).returncode != 0
        assert n_stored(tmp_path) == len(list(made.iterdir()))


def test_dcmtk_sends_compressed_images(storescu: str, tmp_path: Path) -> None:
    made = transcoded(ct_slices(), tmp_path / "made", "JPEGLosslessProcess14_1")
    assert transfer_syntax(made) == JPEGLosslessSV1
    with listening(tmp_path) as node:
        command = [storescu, "-xs", "-aet", "SCANNER", "-aec", "ICHOR", "127.0.0.1", str(node.port), "+sd", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and n_stored(tmp_path) == len(list(made.iterdir())), done.stderr


def test_a_full_disk_is_reported_as_out_of_resources(small_disk: Path) -> None:
    study = generate_uid()
    acknowledged, status = 0, 0
    with listening(small_disk) as node:
        while status == 0:
            one = ct_slices(study_uid=study)[0]
            one.PixelData = os.urandom(100_000)
            (status,) = send(node.port, [one])
            acknowledged += status == 0
        assert status == 0xA700 and acknowledged > 5
        files = node.queue.studies.files()
        assert sum(map(len, files.values())) == acknowledged and node.store.missing(files) == []


def test_an_image_that_is_too_large_ends_the_association(tmp_path: Path) -> None:
    one = ct_slices()[0]
    one.PixelData = bytes(4 * 2**20)
    with listening(tmp_path, listener={"limits": {"image_mib": 1}}) as node:
        assert send(node.port, [one]) == [-1]
        assert send(node.port, ct_slices()[:1]) == [0]
    assert n_stored(tmp_path) == 1


def test_a_false_length_ends_the_connection(tmp_path: Path) -> None:
    with listening(tmp_path) as node, socket.create_connection(("127.0.0.1", node.port), 20) as peer:
        peer.sendall(struct.pack(">BBL", 1, 0, MOST_PDU_BYTES + 1) + bytes(1000))
        with suppress(ConnectionError):
            assert peer.recv(100) == b""
        assert send(node.port, ct_slices()[:1]) == [0]


def is_established(port: int) -> bool:
    with associated(port, (ECHO, EXPLICIT)) as association:
        return bool(association.is_established)


def test_more_associations_than_allowed_are_rejected(tmp_path: Path) -> None:
    with listening(tmp_path, listener={"limits": {"associations": 1}}) as node:
        with associated(node.port, (ECHO, EXPLICIT)) as first:
            assert first.is_established
            with associated(node.port, (ECHO, EXPLICIT)) as second:
                assert second.is_rejected
        until(lambda: is_established(node.port))


def test_a_silent_association_ends(tmp_path: Path) -> None:
    limits = {"idle_s": 0.3}
    with (
        listening(tmp_path, listener={"limits": limits}) as node,
        associated(node.port, (ECHO, EXPLICIT)) as association,
    ):
        until(lambda: not association.is_established)


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with listening(tmp_path) as node:
        (tmp_path / "other").mkdir()
        other = listening(tmp_path / "other", listener={"port": node.port})
        with pytest.raises(IchorError, match="expected an address and a free port of this machine"), other:
            pass


def test_over_tls_with_certificates_of_both(openssl: str, tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path, "node")
    theirs, their_key = write_certificate(tmp_path, "scanner")
    tls = {"certificate": certificate, "key": key, "senders_ca": theirs}
    with listening(tmp_path, listener={"tls": tls}) as node:
        silent = socket.create_connection(("127.0.0.1", node.port))  # holds nobody up
        context = ssl.create_default_context(cafile=str(certificate))
        context.check_hostname = False
        with associated(node.port, (ECHO, EXPLICIT), tls=context) as association:
            assert not association.is_established
        context.load_cert_chain(theirs, their_key)
        images = ct_slices()
        assert send(node.port, images, tls=context) == [0] * len(images)
        with associated(node.port, (ECHO, EXPLICIT)) as association:
            assert not association.is_established
        silent.close()
    assert n_stored(tmp_path) == len(images)


def test_a_missing_certificate_is_reported(tmp_path: Path) -> None:
    tls = {"certificate": tmp_path / "gone.crt", "key": tmp_path / "gone.key"}
    node = listening(tmp_path, listener={"tls": tls})
    with pytest.raises(BadConfig, match=r"gone.crt: expected a certificate and its key, found No such file"), node:
        pass


def test_the_log_reports_events_without_patient_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = ct_slices()[0]
    del bad.StudyInstanceUID
    images = [*ct_slices()[:3], bad]
    with caplog.at_level(logging.DEBUG, log.name), listening(tmp_path) as node:
        send(node.port, images)
        with associated(node.port, (ECHO, EXPLICIT), title="DOE^JANE") as association:
            assert association.is_rejected
        until(lambda: "SCANNER sent 3 images, 0 of them duplicates" in caplog.text)
    said = "\n".join(one.getMessage() for one in caplog.records if one.name == log.name)
    assert "refused" in said and "rejected" in said
    secret: list[Any] = [*PATIENT.values(), "DOE^JANE"]
    secret += [
        value for one in images[:3] for value in (one.SOPInstanceUID, one.StudyInstanceUID, one.SeriesInstanceUID)
    ]
    for value in secret:
        assert str(value) not in said
