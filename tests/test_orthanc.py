"""The PACS that tests share: files stored on it come back, and it ends with the tests."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import httpx
import psutil
import pydicom
import pytest

from orthanc import Orthanc, running_orthanc
from paths import DEMO


def test_stored_files_are_found_by_dicomweb_and_come_back(orthanc: Orthanc) -> None:
    files = sorted(DEMO.glob("*.dcm"))[:2]
    orthanc.store(files)
    uids = {pydicom.dcmread(file).SOPInstanceUID for file in files}
    assert {one["SOPInstanceUID"] for one in orthanc.instances()} == uids
    (study,) = httpx.get(f"{orthanc.dicomweb}/studies", trust_env=False).json()
    assert study["00080061"]["Value"] == ["CT"]
    for uid in uids:
        assert pydicom.dcmread(BytesIO(orthanc.file(uid))).SOPInstanceUID == uid


def test_each_test_finds_it_empty(orthanc: Orthanc) -> None:
    assert orthanc.instances() == []


@pytest.mark.orthanc
def test_one_with_a_password_refuses_others_and_ends(tmp_path: Path) -> None:
    users = {"AuthenticationEnabled": True, "RegisteredUsers": {"ada": "secret"}}
    with running_orthanc(tmp_path, auth=("ada", "secret"), **users) as one:
        assert one.instances() == []
        assert httpx.get(f"{one.dicomweb}/studies", trust_env=False).status_code == httpx.codes.UNAUTHORIZED
    assert not psutil.pid_exists(one.process.pid)
