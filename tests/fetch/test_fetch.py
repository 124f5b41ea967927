"""`ichor fetch` against Orthanc with its DICOMweb plugin: a real PACS, with passwords, TLS and broken connections."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from demo_series import demo_slices
from fetch.relay import relay
from ichor.read import open_scan
from orthanc import Orthanc, running_orthanc
from ports import free_port

pytest.importorskip("dicomweb_client", reason="they need the package dicomweb-client (make test)")
pytestmark = pytest.mark.orthanc


def run(*words: object, code: int = 0, **environment: str) -> str:
    """What `ichor fetch` says, of both streams; it ends with the code, and with one line where that is 2."""
    command = [sys.executable, "-m", "ichor", "fetch", *map(str, words)]
    env = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == code, done.stderr
    if code:
        told = [line for line in done.stderr.splitlines() if not line.startswith("[")]
        assert len(told) == 1 and "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def study(tmp_path: Path) -> list[Path]:
    """A CT series of 13 slices with a patient's name, as files."""
    return written(tmp_path / "sent", PatientName="Secret^Ada", PatientID="SECRET-1", AccessionNumber="A77")


def written(folder: Path, **header: object) -> list[Path]:
    folder.mkdir()
    paths = []
    for k, one in enumerate(demo_slices(**header)):
        paths.append(folder / f"{k}.dcm")
        one.save_as(paths[-1])
    return paths


def uid_of(files: list[Path]) -> str:
    return str(pydicom.dcmread(files[0]).StudyInstanceUID)


def test_a_fetched_study_is_an_ordinary_input(orthanc: Orthanc, study: list[Path], tmp_path: Path) -> None:
    report = demo_slices(Modality="SR", StudyInstanceUID=uid_of(study))[:1]
    report[0].save_as(tmp_path / "report.dcm")
    orthanc.store([*study, tmp_path / "report.dcm"])
    said = run(orthanc.dicomweb, "--study", uid_of(study), "--out", tmp_path / "out")
    (folder,) = (tmp_path / "out").iterdir()
    assert f"{folder}: 13 images of 1 CT series, 1 other series left out" in said
    for path in (tmp_path / "out", folder, *folder.iterdir()):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        assert "secret" not in path.name.lower() and "SECRET" not in said
    sent, fetched = open_scan(study[0].parent), open_scan(folder)
    assert (sent.voxels == fetched.voxels).all() and sent.source.series_uids == fetched.source.series_uids
    again = run(orthanc.dicomweb, "--accession", "A77", "--out", tmp_path / "out")
    assert f"{folder}: 13 images" in again and len(list(folder.iterdir())) == 13


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--study", "1.2.3"], "expected a study that"),
        (["--accession", "nowhere"], "--accession: expected one study with that number, found none"),
        (["--study", "1.2.3", "--accession", "A77"], "found both"),
        ([], "found neither"),
    ],
)
def test_studies_that_are_not_there(orthanc: Orthanc, tmp_path: Path, words: list[str], said: str) -> None:
    assert said in run(orthanc.dicomweb, *words, "--out", tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()


def test_a_study_without_ct(orthanc: Orthanc, tmp_path: Path) -> None:
    files = written(tmp_path / "sent", Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    orthanc.store(files)
    said = run(orthanc.dicomweb, "--study", uid_of(files), "--out", tmp_path / "out", code=2)
    assert "--study: expected a study with CT, found MR" in said and not (tmp_path / "out").exists()


def test_a_transfer_that_is_interrupted_continues(orthanc: Orthanc, study: list[Path], tmp_path: Path) -> None:
    orthanc.store(study)
    some = study[0].stat().st_size  # the server compresses what it sends
    words = ["--study", uid_of(study), "--out", tmp_path / "out"]
    with relay(orthanc.http_port, some) as port:
        said = run(f"http://127.0.0.1:{port}/dicom-web", *words, code=2)
    found = re.search(r"; (\d+) of 13 images are fetched, the same command goes on", said)
    assert found is not None and 0 < int(found[1]) < 13
    (folder,) = (tmp_path / "out").iterdir()
    kept = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(kept) == int(found[1])
    with relay(orthanc.http_port) as port:
        assert "13 images" in run(f"http://127.0.0.1:{port}/dicom-web", *words)
    assert len(list(folder.iterdir())) == 13
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert (open_scan(folder).voxels == open_scan(study[0].parent).voxels).all()


class TestWhoAsks:
    @pytest.fixture(scope="class")
    def guarded(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
        """A server with a password."""
        users = {"AuthenticationEnabled": True, "RegisteredUsers": {"ada": "open sesame"}}
        with running_orthanc(tmp_path_factory.mktemp("guarded"), auth=("ada", "open sesame"), **users) as one:
            yield one

    @pytest.fixture
    def address(self, guarded: Orthanc, tmp_path: Path, openssl: str) -> Iterator[str]:
        """The same behind TLS."""
        pem, key, both = (tmp_path / name for name in ("cert.pem", "key.pem", "both.pem"))
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
        command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(pem)]
        subprocess.run(command, check=True, capture_output=True)
        both.write_text(pem.read_text() + key.read_text())
        with relay(guarded.http_port, tls=both) as port:
            yield f"https://127.0.0.1:{port}/dicom-web"

    def test_by_file_and_by_environment(
        self, guarded: Orthanc, address: str, study: list[Path], tmp_path: Path
    ) -> None:
        guarded.store(study)
        login = tmp_path / "login.yaml"
        login.write_text("user: ada\npassword: open sesame\n")
        words = [address, "--study", uid_of(study), "--out", tmp_path / "out", "--ca", tmp_path / "cert.pem"]
        login.chmod(0o644)
        assert "chmod 600" in run(*words, "--login", login, code=2)
        login.chmod(0o600)
        assert "13 images" in run(*words, "--login", login)
        by_environment = {"ICHOR_PACS_USER": "ada", "ICHOR_PACS_PASSWORD": "open sesame"}
        assert "13 images" in run(*words, **by_environment)
        for wrong in ({}, {**by_environment, "ICHOR_PACS_PASSWORD": "hush"}, {"ICHOR_PACS_TOKEN": "hush"}):
            said = run(*words, code=2, **wrong)
            assert "the server accepts, found that it refuses them (401)" in said and "hush" not in said
        assert "expected user and password, or token" in run(*words, code=2, ICHOR_PACS_USER="ada")
        said = run(*words[:-2], code=2, **by_environment)
        assert "expected a certificate that this machine trusts" in said and "sesame" not in said


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://pacs.example/dicom-web", "expected https"),
        ("https://ada:hush@pacs.example/dicom-web", "expected an address without a password"),
        ("pacs.example", "expected an address such as"),
        ("http://127.0.0.1:FREE", "expected a server that responds, found none"),
    ],
)
def test_addresses(address: str, said: str, tmp_path: Path) -> None:
    address = address.replace("FREE", str(free_port()))
    told = run(address, "--study", "1.2.3", "--out", tmp_path / "out", code=2)
    assert said in told and "hush" not in told


def test_another_server(orthanc: Orthanc, tmp_path: Path) -> None:
    address = orthanc.dicomweb.removesuffix("/dicom-web")
    said = run(address, "--study", "1.2.3", "--out", tmp_path / "out", code=2)
    assert "expected DICOMweb, found nothing at that address (404)" in said
