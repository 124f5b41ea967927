"""`ichor screen --outputs` as a process: what is written, what is refused before the work, and what counts as done."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ichor.write.registry import OUTPUTS
from outside import environment, ichor
from paths import DEMO
from synthetic_methods import install_methods, write_detector
from synthetic_reports import text_of
from synthetic_scans import write_synthetic_nifti
from untrained_package import write_package

SMALL = {"n": 6, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 20.0}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_package(tmp_path_factory.mktemp("model") / "package")


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Where the detector is installed, and its model package."""
    folder = tmp_path_factory.mktemp("detector")
    return install_methods(folder / "site"), write_detector(folder / "package")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_synthetic_nifti(tmp_path / "head.nii.gz", **SMALL)


def screen(scan: Path, package: Path, *more: str, site: Path | None = None, expected: int = 0) -> str:
    out = scan.parent / "out"
    words: Sequence[object] = ("screen", scan, "--model", package, "--out", out, "--threads", 1, *more)
    return ichor(site or scan.parent, *words, expected=expected)


def names(scan: Path) -> set[str]:
    return {one.name for one in (scan.parent / "out" / "head").iterdir()}


def row(scan: Path) -> dict[str, str]:
    with (scan.parent / "out" / "summary.csv").open(newline="") as file:
        (found,) = csv.DictReader(file)
    return found


def test_requested_outputs_are_written_and_findings_always(scan: Path, package: Path) -> None:
    said = screen(scan, package, "--outputs", "nifti")
    assert names(scan) == {"findings.json", "mask.nii.gz"}
    assert f"Results: {scan.parent / 'out' / 'head'}" in said and "Report" not in said
    assert row(scan)["report"] == "" and row(scan)["volume_px"]
    said = screen(scan, package, "--outputs", " report, probability,,report")
    assert names(scan) == {"findings.json", "report.html", "probability.nii.gz"}
    assert row(scan)["report"] == "head/report.html"


def test_probability_is_added_to_the_requested_outputs(scan: Path, package: Path) -> None:
    screen(scan, package, "--probability")
    assert names(scan) == {"findings.json", "report.html", "mask.nii.gz", "probability.nii.gz"}
    screen(scan, package, "--force", "--probability", "--outputs", "json")
    assert names(scan) == {"findings.json", "probability.nii.gz"}


@pytest.mark.long
def test_a_result_is_done_if_it_has_all_requested_outputs(scan: Path, package: Path) -> None:
    def status(*more: str) -> str:
        screen(scan, package, *more)
        return row(scan)["status"]

    assert status() == "done"
    assert [status(), status("--outputs", "nifti"), status("--outputs", "json")] == ["skipped"] * 3
    assert [status("--probability"), status("--probability"), status()] == ["done", "skipped", "skipped"]
    (scan.parent / "out" / "head" / "report.html").unlink()
    assert [status("--outputs", "nifti,probability"), status()] == ["skipped", "done"]


def test_an_unknown_output_is_reported_in_one_line_before_the_work(scan: Path, package: Path) -> None:
    said = screen(scan, package, "--outputs", "report,jpeg", expected=2)
    assert said == f"ichor: expected an output among {', '.join(OUTPUTS)}, found 'jpeg'\n"
    assert not (scan.parent / "out").exists()


def test_a_dicom_segmentation_of_another_format_is_refused_in_one_line(scan: Path, package: Path) -> None:
    said = screen(scan, package, "--outputs", "report,dicom-seg", expected=2)
    assert said == f"ichor: {scan}: expected a DICOM series for the output dicom-seg, found nifti\n"
    assert {one.name for one in (scan.parent / "out").iterdir()} == {"summary.csv"}
    assert row(scan)["status"] == "failed"


def test_in_a_batch_the_others_continue(tmp_path: Path, package: Path) -> None:
    (tmp_path / "in").mkdir()
    write_synthetic_nifti(tmp_path / "in" / "head.nii.gz", **SMALL)
    (tmp_path / "in" / "demo").symlink_to(DEMO)
    words = ("screen", tmp_path / "in" / "head.nii.gz", tmp_path / "in" / "demo", "--out", tmp_path / "out")
    said = ichor(tmp_path, *words, "--model", package, "--outputs", "dicom-seg", "--workers", 2, expected=1)
    assert "1 of 2 scans screened" in said and f"Results, all in {tmp_path / 'out' / 'summary.csv'}" in said
    written = {one.name for one in (tmp_path / "out" / "demo").iterdir()}
    assert written == {"findings.json", "segmentation.dcm", "subtypes.dcm"}
    assert not (tmp_path / "out" / "head").exists()


def test_without_highdicom_one_line_is_printed_before_the_work(tmp_path: Path, package: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['highdicom'] = None\n")
    words = ("screen", DEMO, "--model", package, "--out", tmp_path / "out", "--outputs", "report,dicom-seg")
    said = ichor(tmp_path, *words, expected=2)
    assert (
        said.count("\n") == 1
        and "expected the package highdicom, found none; install it with pip install 'ichor-ct[dicom-out]'" in said
    )
    assert not (tmp_path / "out").exists()


class TestDetector:
    """A method that outlines nothing."""

    def test_it_is_screened_with_what_needs_no_outline(self, scan: Path, detector: tuple[Path, Path]) -> None:
        site, package = detector
        said = screen(scan, package, site=site)
        first = said.splitlines()[0]
        assert (
            first.startswith("Hemorrhage suspected (probability 0.") and "slices; this method does not outline" in first
        )
        assert names(scan) == {"findings.json", "report.html"}
        found = json.loads((scan.parent / "out" / "head" / "findings.json").read_text())
        assert (found["method"]["segments"], found["method"]["threshold"]) == (False, 0.5)
        hemorrhage = found["hemorrhage"]
        assert (hemorrhage["present"], hemorrhage["lesions"]) == (True, [])
        unknown = ("volume_ml", "volume_px", "abc2_ml", "largest_diameter_mm", "n_lesions")
        assert {hemorrhage[key] for key in unknown} == {None}
        flagged = [one["index"] for one in found["slices"] if one["flagged"]]
        assert flagged == [one["index"] for one in found["slices"] if one["probability"] >= 0.5]
        assert 0 < len(flagged) == hemorrhage["n_slices"] < 6
        assert {one["area_px"] for one in found["slices"]} == {None}
        assert not [one for one in found["scan"]["warnings"] if "NIfTI" in one]
        told = row(scan)
        assert (told["present"], told["volume_px"], told["slices_flagged"]) == ("yes", "", str(len(flagged)))
        assert screen(scan, package, site=site) and row(scan)["status"] == "skipped"

    def test_its_report_shows_probabilities_and_says_that_nothing_is_outlined(
        self, scan: Path, detector: tuple[Path, Path]
    ) -> None:
        screen(scan, detector[1], site=detector[0])
        page = scan.parent / "out" / "head" / "report.html"
        text = text_of(page)
        assert "This method gives probabilities of slices and of the scan; it does not outline hemorrhage." in text
        assert (
            "Hemorrhage suspected" in text
            and "Slices flagged" in text
            and "Slices with the highest probability" in text
        )
        for words in ("marked", "Volume", "ABC/2", "Lesions", "Show outline", "voxel"):
            assert words not in text
        assert "<path" not in page.read_text().split("<body>")[1]

    def test_nothing_suspected_rules_nothing_out(self, tmp_path: Path, detector: tuple[Path, Path]) -> None:
        scan = write_synthetic_nifti(tmp_path / "head.nii.gz", blood_at_mm=None, **SMALL)
        said = screen(scan, detector[1], site=detector[0])
        assert said.startswith("No hemorrhage found (probability 0.")
        text = text_of(scan.parent / "out" / "head" / "report.html")
        assert "None of 6 slices was flagged. This does not rule out hemorrhage." in text

    @pytest.mark.parametrize(
        ("asked", "named"), [("report,nifti", "nifti"), ("dicom-seg", "dicom-seg"), ("json,probability", "probability")]
    )
    def test_a_requested_outline_is_refused_before_the_work(
        self, scan: Path, detector: tuple[Path, Path], asked: str, named: str
    ) -> None:
        said = screen(scan, detector[1], "--outputs", asked, site=detector[0], expected=2)
        expected = f"expected a method that outlines hemorrhage, found {detector[1]}, which only detects it"
        assert said == f"ichor: {named}: {expected}\n"
        assert not (scan.parent / "out").exists()

    def test_probability_as_an_option_is_refused_too(self, scan: Path, detector: tuple[Path, Path]) -> None:
        said = screen(scan, detector[1], "--probability", site=detector[0], expected=2)
        assert "expected a method that outlines hemorrhage" in said and said.count("\n") == 1


MODULES = (
    "import sys\nfrom ichor.cli import main\nsys.argv = {argv!r}\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
)


def test_the_default_outputs_bring_no_dicom_library(scan: Path, package: Path) -> None:
    argv = ["ichor", "screen", str(scan), "--model", str(package), "--out", str(scan.parent / "out")]
    done = subprocess.run(
        [sys.executable, "-c", MODULES.format(argv=argv)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(Path(os.devnull)),
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "numpy" in loaded and not loaded & {"highdicom", "pydicom", "torch", "SimpleITK", "matplotlib"}
