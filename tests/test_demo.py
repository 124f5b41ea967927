"""The demonstration scan: what it holds, that it can be made again, and what a newcomer sees of it."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from ichor.dataset.ct_ich import DEMONSTRATION_SUBJECT
from ichor.models.package import DEFAULT_MODEL
from ichor.read import open_scan
from ichor.read.ct_ich_jpg import read_mask, slice_numbers
from paths import CT_ICH_PART

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "examples" / "demo-scan"
FIRST, LAST = 19, 31
SOURCE = CT_ICH_PART / "Patients_CT" / DEMONSTRATION_SUBJECT


def test_it_is_small_and_says_where_it_comes_from() -> None:
    files = sorted(DEMO.glob("*.dcm"))
    assert len(files) == LAST - FIRST + 1
    assert sum(f.stat().st_size for f in DEMO.rglob("*") if f.is_file()) < 6e6
    assert "10.13026/w8q8-ky94" in (ROOT / "examples/README.md").read_text()
    for file in files:
        image = pydicom.dcmread(file)
        assert "CC BY 4.0" in image.ImageComments
        assert image.PatientID == "ICHOR-DEMO"
        assert image.PatientIdentityRemoved == "YES"
        assert image.StudyDate == ""


def test_its_slices_are_those_above_the_orbits() -> None:
    demo, source = open_scan(DEMO), open_scan(SOURCE)
    assert slice_numbers(SOURCE) == list(range(FIRST, LAST + 1))
    assert np.array_equal(demo.hu, np.round(source.hu).astype(np.int16))
    assert demo.spacing_mm == (0.33, 0.33, 5.0)
    assert any("nominal and unverified" in warning for warning in demo.warnings)


def test_the_script_makes_it_again(ct_ich: Path, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_demo_scan.py"
    subprocess.run([sys.executable, script, ct_ich, tmp_path], check=True, capture_output=True)
    for file in sorted(DEMO.glob("*.dcm")):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("screened")
    words = [sys.executable, "-m", "ichor", "screen", str(DEMO), "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Hemorrhage suspected")
    assert str(out / "demo-scan" / "report.html") in done.stdout
    return out / "demo-scan"


def test_the_hemorrhage_is_found_where_the_radiologists_saw_it(screened: Path) -> None:
    findings = json.loads((screened / "findings.json").read_text())
    reference = read_mask(SOURCE)
    image = nibabel.load(screened / "mask.nii.gz")
    assert image.header.get_zooms() == pytest.approx((0.33, 0.33, 5.0))
    mask = np.asarray(image.dataobj).transpose(2, 1, 0) > 0
    if image.affine[0, 0] > 0:  # columns stored to the patient's right
        mask = mask[:, :, ::-1]
    if image.affine[1, 1] > 0:
        mask = mask[:, ::-1]
    assert 2 * (mask & reference).sum() / (mask.sum() + reference.sum()) > 0.5
    assert findings["hemorrhage"]["present"]
    assert findings["hemorrhage"]["volume_px"] == mask.sum()
    assert findings["hemorrhage"]["lesions"][0]["side"] == "left"
    found = [one["index"] for one in findings["slices"] if one["area_px"]]
    truth = np.flatnonzero(reference.any(axis=(1, 2))).tolist()
    assert len(set(found) & set(truth)) >= 5
    assert findings["method"]["model"] == DEFAULT_MODEL


@pytest.mark.long
def test_the_printed_view_command_works_in_the_same_shell(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(sysconfig.get_path("scripts"))
    words = [".venv/bin/ichor", "screen", str(DEMO), "--out", "demo"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("To view it: ")]
    assert line == "To view it: .venv/bin/ichor view demo/demo-scan"
    view = [*line.removeprefix("To view it: ").split(), "--html", "copy.html"]
    subprocess.run(view, cwd=tmp_path, capture_output=True, check=True)
    assert "Research use only" in (tmp_path / "copy.html").read_text(encoding="utf-8")
