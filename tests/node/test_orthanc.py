"""With Orthanc, a real PACS: it pushes a study to the node, and gets the result back by C-STORE and by STOW-RS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dicomweb_client.api import DICOMwebClient

from ichor.errors import IchorError
from ichor.node.config import WebDestination
from ichor.node.network.stow import Stow
from node_parts import RunningNode, small_study
from orthanc import Orthanc
from synthetic_dicom import save

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
REPORT = "1.2.840.10008.5.1.4.1.1.88.34"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def instances(orthanc: Orthanc, sop_class: str) -> list[dict[str, Any]]:
    """The instances of a SOP class on it, as a DICOMweb client finds them."""
    client = DICOMwebClient(orthanc.dicomweb)
    return client.search_for_instances(search_filters={"SOPClassUID": sop_class})


def c_store(orthanc: Orthanc) -> dict[str, Any]:
    return {"kind": "c-store", "ae_title": orthanc.title, "host": "127.0.0.1", "port": orthanc.dicom_port}


def push(orthanc: Orthanc, node: RunningNode, study_uid: str) -> None:
    """Have Orthanc send a study to the node, as an operator would."""
    orthanc.modality("ichor", "ICHOR", node.port)
    (study,) = orthanc.web.post("/tools/lookup", content=study_uid).json()
    done = orthanc.web.post("/modalities/ichor/store", json={"Resources": [study["ID"]], "Synchronous": True})
    done.raise_for_status()


@pytest.mark.parametrize("kind", ["c-store", "stow-rs"])
def test_orthanc_pushes_a_study_and_gets_its_result(kind: str, orthanc: Orthanc, tmp_path: Path) -> None:
    study = small_study()
    orthanc.store(save(study, tmp_path / "study").iterdir())
    stow = {"kind": "stow-rs", "url": orthanc.dicomweb}
    destinations = {"orthanc": c_store(orthanc) if kind == "c-store" else stow}
    senders = [{"ae_title": orthanc.title}]
    with RunningNode(tmp_path / "node", senders=senders, destinations=destinations) as node:
        push(orthanc, node, study[0].StudyInstanceUID)
        node.wait_for(delivered=1)
        (one,) = instances(orthanc, SEG)
        assert one["0020000D"]["Value"] == [study[0].StudyInstanceUID]


def test_by_default_segmentation_report_and_key_slices_are_sent(orthanc: Orthanc, tmp_path: Path) -> None:
    study = small_study()
    orthanc.store(save(study, tmp_path / "study").iterdir())
    config = {
        "senders": [{"ae_title": orthanc.title}],
        "destinations": {"orthanc": c_store(orthanc)},
        "screening": {"model": str(tmp_path / "package"), "threads": 1},
    }
    with RunningNode(tmp_path / "node", **config) as node:
        push(orthanc, node, study[0].StudyInstanceUID)
        node.wait_for(delivered=1)
    for sop_class in (SEG, REPORT, CAPTURE):
        found = instances(orthanc, sop_class)
        assert found and {one["0020000D"]["Value"][0] for one in found} == {study[0].StudyInstanceUID}


def test_a_destination_that_refuses_is_reported(orthanc: Orthanc) -> None:
    gone = Stow(WebDestination(kind="stow-rs", url=f"{orthanc.dicomweb}/gone"))
    with pytest.raises(IchorError, match="found HTTP status 404"):
        gone.send(small_study()[:1])
    nobody = Stow(WebDestination(kind="stow-rs", url="http://127.0.0.1:1/dicom-web"))
    with pytest.raises(IchorError, match="found ConnectionError"):
        nobody.send(small_study()[:1])
