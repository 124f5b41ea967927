"""`ichor screen` as a process with a tiny model package: one that tells subtypes, and one that does not."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest

from ichor.cli.screen_messages import verdict
from ichor.findings.schema import Findings
from ichor.subtypes import Subtype
from synthetic_scans import write_synthetic_nifti
from untrained_package import write_package

pytestmark = pytest.mark.long

CODES = [subtype.value for subtype in Subtype]


@dataclass
class Screened:
    """What the command left and said."""

    folder: Path
    said: str
    summary: dict[str, str]

    @property
    def findings(self) -> dict:
        return json.loads((self.folder / "findings.json").read_text())

    @property
    def mask(self) -> np.ndarray:
        return np.asarray(nibabel.load(self.folder / "mask.nii.gz").dataobj).transpose(2, 1, 0)

    @property
    def report(self) -> str:
        return (self.folder / "report.html").read_text()


def screened(folder: Path, *, subtypes: bool) -> Screened:
    package = write_package(folder / "package", subtypes=subtypes)
    path = write_synthetic_nifti(folder / "head.nii.gz", n=6, size=64, pixel_mm=(3.2, 3.2), distances_mm=20.0)
    words = [sys.executable, "-m", "ichor", "screen", path, "--model", package, "--out", folder / "out"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (folder / "out/summary.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    return Screened(folder / "out/head", done.stdout, row)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Screened:
    return screened(tmp_path_factory.mktemp("told"), subtypes=True)


@pytest.fixture(scope="module")
def untold(tmp_path_factory: pytest.TempPathFactory) -> Screened:
    return screened(tmp_path_factory.mktemp("untold"), subtypes=False)


def test_mask_findings_and_summary_have_the_same_volumes(told: Screened) -> None:
    hemorrhage, mask = told.findings["hemorrhage"], told.mask
    assert hemorrhage["volume_px"] == np.count_nonzero(mask) > 0
    assert [one["subtype"] for one in hemorrhage["subtypes"]] == CODES
    assert [one["volume_px"] for one in hemorrhage["subtypes"]] == [(mask == label).sum() for label in range(1, 6)]
    assert sum(one["volume_px"] > 0 for one in hemorrhage["subtypes"]) > 2
    assert sum(one["volume_ml"] for one in hemorrhage["subtypes"]) == pytest.approx(hemorrhage["volume_ml"], abs=1e-5)
    for one in hemorrhage["subtypes"]:
        assert float(told.summary[f"volume_ml_{one['subtype']}"]) == one["volume_ml"]
        assert float(told.summary[f"probability_{one['subtype']}"]) == one["probability"]
    for lesion in hemorrhage["lesions"]:
        low, high = lesion["slices"]
        assert (mask[low : high + 1] == 1 + CODES.index(lesion["subtype"])).any()


def test_each_slice_and_the_scan_have_the_networks_probabilities(told: Screened) -> None:
    slices = np.array([[one["subtypes"][code] for code in CODES] for one in told.findings["slices"]])
    assert slices.std() > 0
    assert [one["probability"] for one in told.findings["hemorrhage"]["subtypes"]] == slices.max(axis=0).tolist()


def test_the_command_says_the_subtypes_that_have_a_volume(told: Screened) -> None:
    marked = [one for one in told.findings["hemorrhage"]["subtypes"] if one["volume_px"]]
    marked.sort(key=lambda one: -one["volume_px"])
    expected = ", ".join(f"{one['subtype']} {one['volume_ml']:.1f} mL" for one in marked)
    assert f" slices: {expected}; outside the model's intended input: geometry" in told.said.splitlines()[0]
    assert told.said.splitlines()[-1] == "Research use only; not a medical device."


def test_small_volumes_and_volumes_without_spacing_are_printed(told: Screened) -> None:
    found = Findings.model_validate(told.findings)
    subtypes = found.hemorrhage.subtypes
    assert subtypes is not None

    def said(volumes_px: tuple[int, ...], volumes_ml: tuple[float | None, ...]) -> str:
        pairs = zip(subtypes, volumes_px, volumes_ml, strict=True)
        changed = tuple(one.model_copy(update={"volume_px": px, "volume_ml": ml}) for one, px, ml in pairs)
        hemorrhage = found.hemorrhage.model_copy(update={"subtypes": changed})
        return verdict(found.model_copy(update={"hemorrhage": hemorrhage})).split(": ")[1].split(";")[0]

    assert said((1, 90, 0, 0, 0), (0.01, 0.96, 0.0, 0.0, 0.0)) == "IPH 1.0 mL, IVH < 0.1 mL"
    assert said((1, 90, 0, 0, 0), (None,) * 5) == "IPH 90 voxels, IVH 1 voxels"


def test_without_a_subtype_head_there_are_no_subtypes(untold: Screened) -> None:
    assert set(np.unique(untold.mask)) == {0, 1}
    found = untold.findings
    assert found["hemorrhage"].pop("subtypes") is None
    assert {one.pop("subtypes") for one in found["slices"]} == {None}
    assert {one.pop("subtype") for one in found["hemorrhage"]["lesions"]} == {None}
    assert {one.pop("subtype_alternative") for one in found["hemorrhage"]["lesions"]} == {None}
    assert "subtype" not in json.dumps(found)
    said, _ = untold.said.splitlines()[0].split(";")
    assert re.fullmatch(r"Hemorrhage suspected \(probability \d\.\d\d\), \d+\.\d mL on \d of 6 slices", said)
    assert {untold.summary[f"{key}_{code}"] for key in ("probability", "volume_ml") for code in CODES} == {""}
    body = untold.report.split("<body>")[1]
    assert "ubtype" not in body and not any(code in body for code in CODES)
    assert set(re.findall(r'<path class="([^"]*)"', body)) == {"halo", "line"}
