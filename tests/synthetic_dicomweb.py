"""Messages of DICOMweb, and a web server that has results."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom

from node_parts import as_bytes, fast_package, small_study
from synthetic_dicom import ct_slices, save
from web_parts import Web

ROOT = "/dicom-web"
JSON = {"accept": "application/dicom+json"}


def message(parts: Iterable[bytes], boundary: str = "b", kind: str | None = "application/dicom") -> bytes:
    """A multipart message, as a client sends it."""
    head = b"" if kind is None else b"Content-Type: " + kind.encode() + b"\r\n"
    body = b"".join(b"--%b\r\n%b\r\n%b\r\n" % (boundary.encode(), head, one) for one in parts)
    return body + b"--%b--\r\n" % boundary.encode()


def of_type(boundary: str = "b", kind: str = "application/dicom") -> dict[str, str]:
    """The header of such a message."""
    return {"content-type": f'multipart/related; type="{kind}"; boundary={boundary}', **JSON}


def stow(web: Web, images: Iterable[pydicom.FileDataset], study: str = "") -> Any:
    """Send images as a program with a token does."""
    path = f"{ROOT}/studies/{study}".rstrip("/")
    return web.program().post(path, content=message(map(as_bytes, images)), headers=of_type())


@dataclass(frozen=True)
class Screened:
    """A study and the result of screening it, which has Segmentations, a report and key slices."""

    study: list[pydicom.FileDataset]
    result: Path

    @property
    def uid(self) -> str:
        """Of the study."""
        return str(self.study[0].StudyInstanceUID)

    def objects(self) -> list[pydicom.FileDataset]:
        """The DICOM objects of the result."""
        return [pydicom.dcmread(file) for file in sorted(self.result.glob("*.dcm"))]

    def one(self, modality: str) -> pydicom.FileDataset:
        """The first object of a modality."""
        return next(one for one in self.objects() if one.Modality == modality)

    def put(self, web: Web, *, times: int = 1) -> str:
        """Give a web server's queue the study and its result, and as often a later one; returns the study's key."""
        for number in range(times):
            images = [*self.study[:2], *ct_slices(study_uid=self.uid)[:1]] if number else self.study[:2]
            for one in images:
                web.services.intake.take(as_bytes(one))
            web.queue.studies.complete_quiet(0)
            analysis = web.queue.analyses.next()
            assert analysis is not None
            shutil.copytree(self.result, web.services.results / analysis.name)
            web.queue.analyses.done(analysis, "positive", [])
        return analysis.study


def screened(folder: Path) -> Screened:
    """Screen a small study by the command."""
    study = small_study(AccessionNumber="ACC-1", StudyID="7", ReferringPhysicianName="M\u00fcller")
    for one in study:
        one.SpecificCharacterSet = "ISO_IR 192"
    save(study, folder / "scan")
    package = fast_package(folder / "package")
    command = [sys.executable, "-m", "ichor", "screen", folder / "scan", "--out", folder / "out"]
    options = ["--model", package, "--outputs", "dicom-seg,dicom-sr,dicom-sc", "--threads", "1"]
    done = subprocess.run([*map(str, (*command, *options))], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Screened(study, folder / "out" / "scan")


def values(row: dict[str, Any], keyword: str) -> list[Any]:
    """The values of an attribute in DICOM JSON."""
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    assert tag is not None
    found: list[Any] = json.loads(json.dumps(row))[f"{tag:08X}"].get("Value", [])
    return found
