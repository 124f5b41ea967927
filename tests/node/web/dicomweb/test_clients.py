"""Other people's clients of DICOMweb, and a running node: dicomweb-client, Orthanc, OHIF."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import psutil
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from playwright.sync_api import Browser

from node_parts import RunningNode, as_bytes, small_study
from ohif import ohif_of
from orthanc import Orthanc
from paths import DICOM_CLIENTS
from ports import free_port
from synthetic_dicom import ct_slices, save
from synthetic_dicomweb import message, of_type

PATIENT_MS = 180_000
SCREENING = {"threads": 1, "outputs": ["dicom-seg", "dicom-sr", "dicom-sc"]}


@dataclass
class Served:
    """A running node with a web server, and a token for it."""

    node: RunningNode
    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def client(self) -> DICOMwebClient:
        session = requests.Session()
        session.headers.update(self.headers)
        return DICOMwebClient(f"{self.url}/dicom-web", session=session)

    def objects(self) -> dict[str, pydicom.FileDataset]:
        """What lies in the folder of results."""
        files = (self.node.folder / "results").rglob("*.dcm")
        return {one.SOPInstanceUID: one for one in map(pydicom.dcmread, files)}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    port = free_port()
    config: dict[str, Any] = {"web": {"port": port}, "screening": {**SCREENING, "model": str(tmp_path / "package")}}
    node = RunningNode(tmp_path / "node", **config)
    words = ("token", "add", str(node.folder), "hospital", "--role", "operator")
    done = subprocess.run([*RunningNode.COMMAND, *words], capture_output=True, text=True, check=True)
    with node:
        yield Served(node, f"http://127.0.0.1:{port}", done.stdout.split()[-1])


@pytest.mark.long
def test_dicomweb_client_sends_a_study_and_gets_its_result(served: Served) -> None:
    study, client = small_study(), served.client()
    uid = study[0].StudyInstanceUID
    told = client.store_instances(study, study_instance_uid=uid)
    assert len(told.ReferencedSOPSequence) == len(study) and "FailedSOPSequence" not in told
    served.node.wait_for(delivered=1)
    made = served.objects()
    (row,) = client.search_for_studies(search_filters={"PatientID": study[0].PatientID}, fields=["StudyDescription"])
    assert row["0020000D"]["Value"] == [uid] and client.search_for_studies(search_filters={"PatientID": "x"}) == []
    assert len(client.search_for_series(uid)) == len({one.SeriesInstanceUID for one in made.values()})
    assert {one["00080018"]["Value"][0] for one in client.search_for_instances(uid)} == set(made)
    got = {one.SOPInstanceUID: one for one in client.retrieve_study(uid)}
    assert got == made
    assert {one["00080018"]["Value"][0] for one in client.retrieve_study_metadata(uid)} == set(made)
    capture = next(one for one in made.values() if one.SOPClassUID.name.startswith("Secondary"))
    place = (uid, capture.SeriesInstanceUID, capture.SOPInstanceUID)
    assert client.retrieve_instance(*place) == capture
    (frame,) = client.retrieve_instance_frames(*place, frame_numbers=[1])
    assert np.array_equal(np.frombuffer(frame, np.uint8), capture.pixel_array.ravel())
    rendered = client.retrieve_instance_rendered(*place, media_types=("image/png",))
    assert np.array_equal(np.asarray(Image.open(BytesIO(rendered))), capture.pixel_array)


@pytest.mark.dicom_clients
@pytest.mark.long
def test_the_command_of_dicomweb_client(served: Served, tmp_path: Path) -> None:
    study = small_study()
    files = sorted(save(study, tmp_path / "study").iterdir())

    def ran(*words: object) -> str:
        command = [DICOM_CLIENTS / "dicomweb_client", "--url", f"{served.url}/dicom-web"]
        command += ["--bearer-token", served.token, *words]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    ran("store", "instances", *files)
    served.node.wait_for(delivered=1)
    uid = study[0].StudyInstanceUID
    found = json.loads(ran("search", "instances", "--study", uid))
    assert {one["00080018"]["Value"][0] for one in found} == set(served.objects())
    (tmp_path / "got").mkdir()
    ran("retrieve", "studies", "--study", uid, "full", "--save", "--output-dir", tmp_path / "got")
    got = {one.SOPInstanceUID: one for one in map(pydicom.dcmread, (tmp_path / "got").iterdir())}
    assert got == served.objects()


@pytest.mark.long
def test_orthanc_sends_a_study_by_stow(orthanc: Orthanc, served: Served, tmp_path: Path) -> None:
    study = small_study()
    orthanc.store(save(study, tmp_path / "study").iterdir())
    server = {"Url": f"{served.url}/dicom-web", "HttpHeaders": served.headers}
    orthanc.web.put("/dicom-web/servers/ichor", json=server).raise_for_status()
    (found,) = orthanc.web.post("/tools/lookup", content=study[0].StudyInstanceUID).json()
    done = orthanc.web.post("/dicom-web/servers/ichor/stow", json={"Resources": [found["ID"]], "Synchronous": True})
    done.raise_for_status()
    served.node.wait_for(delivered=1)
    (result,) = (served.node.folder / "results").iterdir()
    assert json.loads((result / "analysis.json").read_text())["images"] == len(study)
    # And asks for the result by QIDO-RS and WADO-RS.
    uid = study[0].StudyInstanceUID
    query = {"Uri": "/studies", "Arguments": {"StudyInstanceUID": uid}}
    (row,) = orthanc.web.post("/dicom-web/servers/ichor/qido", json=query).raise_for_status().json()
    assert uid in json.dumps(row)
    orthanc.empty()
    got = orthanc.web.post(
        "/dicom-web/servers/ichor/retrieve", json={"Resources": [{"Study": uid}], "Synchronous": True}
    )
    got.raise_for_status()
    assert {one["SOPInstanceUID"] for one in orthanc.instances()} == set(served.objects())


@pytest.mark.long
def test_what_was_acknowledged_survives_a_kill(served: Served) -> None:
    study = small_study()
    told = served.client().store_instances(study)
    served.node.stop(signal.SIGKILL)
    assert len(told.ReferencedSOPSequence) == len(study)
    served.node.start()
    served.node.wait_for(delivered=1)
    (result,) = (served.node.folder / "results").iterdir()
    assert json.loads((result / "analysis.json").read_text())["images"] == len(study)


@pytest.mark.long
def test_an_upload_is_not_held_in_memory_and_one_that_breaks_off_leaves_nothing(served: Served) -> None:
    assert served.node.process is not None
    one, process = ct_slices()[0], psutil.Process(served.node.process.pid)
    one.PixelData = bytes(400 * 2**20)
    content = message([as_bytes(one)])

    def peak() -> int:
        (found,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        return int(found) * 1024

    def pieces(n_bytes: int) -> Iterator[bytes]:
        for at in range(0, n_bytes, 2**20):
            yield content[at : min(at + 2**20, n_bytes)]
        if n_bytes < len(content):
            raise ConnectionError

    before = peak()
    with httpx.Client(base_url=served.url, headers={**served.headers, **of_type()}, timeout=120) as web:
        with pytest.raises(ConnectionError):
            web.post("/dicom-web/studies", content=pieces(len(content) // 2))
        answer = web.post("/dicom-web/studies", content=pieces(len(content)))
    assert answer.status_code == 200, answer.text
    assert peak() - before < 64 * 2**20
    files = [file for file in (served.node.folder / "images").rglob("*") if file.is_file()]
    assert [file.name.endswith(".dcm") for file in files] == [True]


class Web(httpx.Client):
    """A reverse proxy's connection: with a token, and without the name by which the viewer was reached."""

    def get(self, url: Any, **options: Any) -> httpx.Response:  # type: ignore[override]
        headers = {name: value for name, value in options.pop("headers", {}).items() if name != "Host"}
        return super().get(url, headers=headers, **options)


@pytest.mark.ohif
@pytest.mark.long
def test_ohif_lists_the_studies_and_shows_the_key_slices(served: Served, browser: Browser) -> None:
    study = small_study()
    served.client().store_instances(study)
    served.node.wait_for(delivered=1)
    captures = [one for one in served.objects().values() if one.SOPClassUID.name.startswith("Secondary")]
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(PATIENT_MS)
    with (
        Web(base_url=served.url, headers=served.headers, timeout=60) as web,
        ohif_of(SimpleNamespace(web=web)) as address,  # type: ignore[arg-type]
    ):
        page.goto(address)
        page.get_by_text("Doe, Secret").first.wait_for()
        page.goto(f"{address}/viewer?StudyInstanceUIDs={study[0].StudyInstanceUID}")
        page.get_by_text("Skip all").click()
        page.get_by_text("Confirm and hide").click()
        page.get_by_text("Hemorrhage report, AI; research use only").first.wait_for()
        page.get_by_text("Hemorrhage, AI, key slices; research use only").first.dblclick()
        page.wait_for_function("cornerstone.cache.getCacheSize() > 0")
        held = page.evaluate(
            """uid => {
              for (const [id] of cornerstone.cache._imageCache)
                if (id.includes(uid)) return Array.from(cornerstone.cache.getImage(id).getPixelData());
            }""",
            captures[0].SOPInstanceUID,
        )
        page.close()
    assert held is not None
    shown = np.asarray(held).reshape(captures[0].Rows, captures[0].Columns, -1)[..., :3]
    assert np.array_equal(shown, captures[0].pixel_array)
