"""`ichor screen` as a process on scans unlike those that the models were made for: screened, and warned of."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from ichor.dataset.case import Case
from ichor.formats.nifti import affine
from ichor.read import open_scan
from ichor.scan import Scan
from ichor.simulate.pictures import Style, picture
from paths import CT_ICH_PART
from synthetic_dicom import PATIENT, ct_slices, save, synthetic_series
from unusual_scans import PIXEL_MM, whole_head, with_metal

pytestmark = pytest.mark.long


def write_nifti(scan: Scan, path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(scan.voxels.transpose(2, 1, 0), affine(scan)), path)


def with_agent(one: Dataset, k: int) -> None:
    one.ContrastBolusAgent = "Iomeprol for Doe^Secret"
    one.PixelSpacing = [PIXEL_MM, PIXEL_MM]


def of_a_bone_kernel(one: Dataset, k: int) -> None:
    one.ConvolutionKernel = "H60s"
    one.PixelSpacing = [PIXEL_MM, PIXEL_MM]


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A head as it is, with metal, with contrast agent by its header, and of a bone kernel with slices left out."""
    folder = tmp_path_factory.mktemp("unlike")
    (folder / "in").mkdir()
    head = whole_head(n=20, distances_mm=7.0)
    write_nifti(head, folder / "in/head.nii.gz")
    write_nifti(with_metal(10, of=head), folder / "in/metal.nii.gz")
    synthetic_series(folder / "in/series", head.voxels, spacing=7.0, change=with_agent)
    bone = ct_slices(head.voxels, spacing=7.0, study_uid="1.2.3", change=of_a_bone_kernel)
    save(bone[:8] + bone[10:], folder / "in/bone")
    words = [sys.executable, "-m", "ichor", "screen", folder / "in", "--out", folder / "out"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    return done, folder / "out"


def test_unusual_scans_are_screened_and_the_command_lists_failed_checks(
    screened: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, out = screened
    assert done.returncode == 0, done.stderr
    lines = {line.split("] ")[1].split(":")[0]: line for line in done.stderr.splitlines()}
    assert lines["metal"].endswith("; outside the model's intended input: metal")
    assert lines["series"].endswith("; outside the model's intended input: contrast agent")
    assert lines["bone"].endswith("; outside the model's intended input: sharp kernel, missing slices")
    assert "outside" not in lines["head"]
    with (out / "summary.csv").open(newline="") as file:
        told = {row["scan"]: (row["status"], row["input_checks"]) for row in csv.DictReader(file)}
    assert told == {
        "bone": ("done", "sharp kernel, missing slices"),
        "head": ("done", ""),
        "metal": ("done", "metal"),
        "series": ("done", "contrast agent"),
    }


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("metal", "metal", "0.14 mL of metal (3000 HU and above)"),
        ("series", "contrast agent", "Contrast agent was given, as the header says"),
    ],
)
def test_findings_and_report_have_the_failed_checks(
    screened: tuple[subprocess.CompletedProcess[str], Path], name: str, kind: str, words: str
) -> None:
    folder = screened[1] / name
    (said,) = checks_in(folder)
    assert said["kind"] == kind and said["message"].startswith(words)
    report = (folder / "report.html").read_text()
    assert report.index(words) < report.index("<h1>")


def test_a_head_has_an_empty_list_and_no_box(screened: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    folder = screened[1] / "head"
    assert checks_in(folder) == []
    assert 'class="input-checks"' not in (folder / "report.html").read_text()


def test_a_png_with_frame_and_text_is_screened_as_part_of_a_head(tmp_path: Path) -> None:
    """A real slice as a viewer exports it, compressed once; the command is told neither window nor pixel size."""
    scan = open_scan(CT_ICH_PART / "Patients_CT" / "049")
    nothing = np.zeros(scan.voxels.shape, bool)
    case = Case("049", scan, nothing, np.zeros((scan.n_slices, 5), bool))
    style = Style(side=256, annotated=True, jpeg_quality=60)
    (tmp_path / "in").mkdir()
    gray = picture(style, case, 4, np.random.default_rng(0)).scan.voxels[0]
    Image.fromarray(np.asarray(gray, np.uint8)).save(tmp_path / "in/1.png")
    words = [sys.executable, "-m", "ichor", "screen", tmp_path / "in", "--out", tmp_path / "out"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "; only part of a head is shown" in done.stdout
    (folder,) = [one.parent for one in (tmp_path / "out").rglob("findings.json")]
    assert [one["kind"] for one in checks_in(folder)] == ["part of a head"]


def test_no_data_on_the_agent_or_the_patient_is_stored(
    screened: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, out = screened
    texts = [done.stdout, done.stderr, *(path.read_text() for path in out.rglob("*.[hjc]*") if path.is_file())]
    assert len(texts) >= 2 + 2 * 3 + 1
    assert not [secret for secret in ("Iomeprol", *PATIENT.values()) if any(secret in text for text in texts)]


def checks_in(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "findings.json").read_text())["scan"]["input_checks"]
