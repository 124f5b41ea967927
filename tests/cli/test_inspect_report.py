"""`ichor inspect --report FILE`: what a stranger may read of a scan, and nothing of a patient."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.valuerep import VR

from ichor.read.redaction import LEFT_OUT, redacted
from synthetic_dicom import ct_slices, hu_of_head, save
from synthetic_scans import write_synthetic_nifti

pytestmark = pytest.mark.long

SMALL: dict[str, Any] = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}
SECRET = "Zqxsecretwy"
NUMBER = 4711471147
OTHER_NUMBER = 271828.1828
UID = f"1.2.276.{NUMBER}"
DATE, TIME = "19510203", "112233"
TELLTALE = (SECRET, str(NUMBER), str(OTHER_NUMBER), DATE, "1951", TIME)
TEXT = {VR.AE, VR.CS, VR.LO, VR.LT, VR.PN, VR.SH, VR.ST, VR.UC, VR.UR, VR.UT}
# What decides how a file is read; with a secret there it could not be.
KEPT = re.compile(
    "BitsAllocated|BitsStored|Columns|HighBit|ImageOrientationPatient|ImagePositionPatient|PhotometricInterpretation"
    "|PixelRepresentation|PixelSpacing|Rows|SamplesPerPixel|SOPClassUID|SliceThickness|RescaleSlope|RescaleIntercept"
    "|RescaleType|Modality|InstanceNumber|NumberOfFrames|SpecificCharacterSet|.*FunctionalGroups.*"
)


def secret_of(vr: str) -> Any:
    """A value of that kind by which the patient could be told; None for kinds that hold none here."""
    if vr in TEXT:
        return SECRET.upper() if vr in (VR.CS, VR.AE) else SECRET
    values: dict[str, Any] = {
        VR.AS: "047Y",
        VR.DA: DATE,
        VR.DT: DATE + TIME,
        VR.TM: TIME,
        VR.UI: UID,
        VR.IS: str(NUMBER)[:9],
        VR.DS: str(OTHER_NUMBER),
        VR.FD: OTHER_NUMBER,
        VR.FL: OTHER_NUMBER,
        VR.UN: SECRET.encode(),
        VR.OB: SECRET.encode() + b"\0",
    }
    return values.get(vr)


def fill(dataset: Dataset, *, top: bool) -> None:
    """Put a secret into every element of the standard that is not needed to read the file, and into private ones."""
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        group = tag >> 16
        if retired or not keyword or KEPT.fullmatch(keyword) or group in (0x0000, 0x0002, 0x7FE0, 0xFFFE, 0x0004):
            continue
        if not top and group not in (0x0008, 0x0010, 0x0018, 0x0020, 0x0032, 0x0040):
            continue
        if vr == VR.SQ and top:
            item = Dataset()
            if keyword in ("ReferencedStudySequence", "RequestAttributesSequence", "ContrastBolusAgentSequence"):
                fill(item, top=False)
            item.PatientName = SECRET
            dataset.add_new(tag, vr, Sequence([item]))
        elif (value := secret_of(vr)) is not None:
            dataset.add_new(tag, vr, value)
    for group in (0x0009, 0x0011, 0x0029):
        block = dataset.private_block(group, SECRET.upper(), create=True)
        for k, (vr, value) in enumerate(
            [("LO", SECRET), ("PN", SECRET), ("UN", SECRET.encode()), ("DS", "271828.1828")]
        ):
            block.add_new(k, vr, value)


def secretive(n: int = 8, series_uid: str = UID) -> list[FileDataset]:
    filled = Dataset()
    fill(filled, top=True)
    for keyword in ("SeriesInstanceUID", "SOPInstanceUID", "StudyInstanceUID"):
        del filled[keyword]
    slices = ct_slices(hu_of_head(n), series_uid=series_uid)
    for k, one in enumerate(slices):
        one.update(filled)
        one.SeriesInstanceUID, one.SOPInstanceUID, one.StudyInstanceUID = series_uid, f"{UID}.{k}", f"{UID}.0.1"
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    return slices


def report(path: Path, out: Path, *options: str) -> tuple[int, str]:
    """The exit code, and the text of the report."""
    command = [sys.executable, "-m", "ichor", "inspect", str(path), "--report", str(out), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode, out.read_text(encoding="utf-8")


def require_no_secret(text: str) -> None:
    lower = text.lower()
    assert [one for one in TELLTALE if one.lower() in lower] == []
    assert "1.2.276" not in text
    assert not re.search(r"\d{6}", re.sub(r'"bytes": \[[^\]]*\]', "", text))


def test_no_secret_of_any_tag_or_file_name_is_in_it(tmp_path: Path) -> None:
    folder = save(secretive(), tmp_path / f"{SECRET} {NUMBER}", names=[f"{SECRET}/{NUMBER}{k}" for k in range(8)])
    said = pydicom.dcmread(folder / SECRET / f"{NUMBER}0")
    assert sum(1 for one in said.iterall() if SECRET.lower() in str(one.value).lower()) > 1000
    (folder / SECRET / f"{NUMBER}3").write_bytes((folder / SECRET / f"{NUMBER}3").read_bytes()[:300])
    (folder / f"{SECRET}.dcm").write_text(SECRET)
    (folder / f"x.{SECRET}").write_text(SECRET)
    code, text = report(folder, tmp_path / "report.json")
    assert code == 0
    require_no_secret(text)
    (scan,) = json.loads(text)["scans"]
    (series,) = [one for one in scan["series"] if one["chosen"]]
    assert (series["slices"], series["size"], series["modality"]) == (7, [40, 36], "CT")
    assert series["transfer syntax"] == "Explicit VR Little Endian"
    assert (series["kernel"], series["image type"]) == ("other", "other")
    assert any("missing between slices" in one for one in scan["warnings"])
    assert any("expected a DICOM file, found other content; ignored" in one for one in scan["warnings"])


@pytest.mark.parametrize("wrong", ["modality", "rescale type", "damaged", "two patients", "too few"])
@pytest.mark.long
def test_no_secret_is_in_the_reason_why_it_cannot_be_read(tmp_path: Path, wrong: str) -> None:
    slices = secretive(2 if wrong == "too few" else 8)
    for one in slices:
        if wrong == "modality":
            one.Modality = SECRET.upper()[:16]
        if wrong == "rescale type":
            one.RescaleType = SECRET.upper()[:16]
        if wrong == "damaged":
            one.PixelData = one.PixelData[:100]
    if wrong == "two patients":
        for one in slices[4:]:
            one.PatientID, one.StudyInstanceUID = f"{SECRET}-2", f"{UID}.77"
    folder = save(slices, tmp_path / SECRET)
    packed = shutil.make_archive(str(tmp_path / f"{SECRET}{NUMBER}"), "zip", folder)
    for k, path in enumerate((folder, Path(packed))):
        _, text = report(path, tmp_path / f"report{k}.json")
        require_no_secret(text)
        assert "expected" in text


def test_an_archive_of_several_scans_and_a_file_that_is_not_one(tmp_path: Path) -> None:
    scan = write_synthetic_nifti(tmp_path / "a.nii.gz", **SMALL)
    with zipfile.ZipFile(tmp_path / f"{SECRET}.zip", "w") as file:
        for name in (f"{SECRET}/{NUMBER}.nii.gz", f"{NUMBER}/{SECRET}.nii.gz"):
            file.write(scan, name)
        file.writestr(f"4711/{SECRET} {NUMBER}.nii", SECRET)
    code, text = report(tmp_path / f"{SECRET}.zip", tmp_path / "report.json")
    require_no_secret(text)
    said = json.loads(text)
    assert code == 1
    assert sorted(one["readable"] for one in said["scans"]) == [False, True, True]
    assert [one["content"] for one in said["at_path"]["files"]] == ["zip"]


def test_it_contains_what_is_needed_to_find_a_fault(tmp_path: Path) -> None:
    folder = save(ct_slices(hu_of_head(8), change=of_siemens), tmp_path / "scan")
    (folder / "._I0001").write_bytes(bytes.fromhex("00051607") + b"\0" * 40)
    code, text = report(folder, tmp_path / "report.json")
    said = json.loads(text)
    assert code == 0
    assert {"ichor", "python", "system", "packages", "at_path", "scans"} <= set(said)
    assert said["packages"]["pydicom"] == pydicom.__version__
    files = {(one["content"], one["hidden"]): one["count"] for one in said["at_path"]["files"]}
    assert files == {("DICOM", False): 8, ("AppleDouble of macOS", True): 1}
    ((series,),) = [one["series"] for one in said["scans"]]
    assert (series["rank"], series["reason"], series["number"]) == (1, "axial head CT", 1)
    assert (series["kernel"], series["kernel for bone or lung"]) == ("H31S", "no")
    assert series["rescale"] == "slope 1, intercept -1024"
    assert series["bits"] == "12 stored in 16, high bit 11, unsigned"
    assert series["hu"][0] < -500


def of_siemens(one: FileDataset, _: int) -> None:
    one.ConvolutionKernel = "H31s"


def test_a_path_without_a_scan_is_described_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("no scan")
    code, text = report(tmp_path / "notes.md", tmp_path / "report.json")
    assert code == 2
    (scan,) = json.loads(text)["scans"]
    assert not scan["readable"]
    assert scan["error"].startswith(f"{LEFT_OUT}: expected ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_it_is_private_to_its_owner_and_replaces_nothing(tmp_path: Path) -> None:
    scan = write_synthetic_nifti(tmp_path / "a.nii.gz", **SMALL)
    before = scan.read_bytes()
    report(scan, tmp_path / "report.json")
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o600
    command = [sys.executable, "-m", "ichor", "inspect", str(scan), "--report", str(scan)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"ichor: {scan}: expected a new file to write the description to, found one that exists\n"
    assert scan.read_bytes() == before


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("About 2 slices missing between slices 3 and 4: 15.0 mm apart.",) * 2,
        ("Doe/4711: the file is truncated or damaged; ignored.", "…: the file is truncated or damaged; ignored."),
        ("4711: the file is truncated or damaged; ignored.", "…: the file is truncated or damaged; ignored."),
        ("x: expected a readable slice, found 0; 4711: damaged", "…: expected a readable slice, found 0; …: damaged"),
        ("Doe Jane head 4: left out.", "…: left out."),
        ("found HU from -1024 to 3071", "found HU from -1024 to 3071"),
        ("found 123456 and 1.2.840.10008", "found … and …"),
    ],
)
def test_unknown_words_are_omitted(message: str, expected: str) -> None:
    assert redacted(message) == expected


def test_no_text_of_a_nifti_header_is_in_it(tmp_path: Path) -> None:
    import nibabel as nib

    image = nib.load(write_synthetic_nifti(tmp_path / "plain.nii", **SMALL))
    image.header["descrip"], image.header["aux_file"] = SECRET, SECRET
    image.header["db_name"] = SECRET
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", SECRET.encode()))
    nib.save(image, tmp_path / f"{SECRET}.nii")
    code, text = report(tmp_path / f"{SECRET}.nii", tmp_path / "report.json")
    assert code == 0
    require_no_secret(text)
    assert np.all(np.array(json.loads(text)["scans"][0]["series"][0]["size"]) > 0)
