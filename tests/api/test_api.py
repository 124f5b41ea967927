"""The Python API: what it gives, what it imports and when, and that a script or a notebook can use it as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

import ichor
from ichor.findings.schema import Findings
from ichor.models.package import DEFAULT_MODEL
from ichor.read.base import ScanPath
from ichor.write.registry import OUTPUTS
from paths import CT_ICH_PART, DEMO
from synthetic_scans import ThresholdMethod, synthetic_head, write_synthetic_nifti

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}


@pytest.fixture(scope="module")
def result() -> ichor.Result:
    """Of the demonstration scan."""
    return ichor.screen(DEMO)


def python(code: str, *, cwd: Path | None = None) -> str:
    """What a fresh process says that runs the code, which ends well and says nothing on stderr."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


class TestImport:
    def test_it_imports_only_the_standard_library(self) -> None:
        loaded = json.loads(python("import ichor, json, sys; print(json.dumps(sorted(sys.modules)))"))
        ours = {name for name in loaded if name.split(".")[0] == "ichor"}
        assert ours == {"ichor", "ichor.version"}
        others = {name.split(".")[0] for name in loaded} - {"ichor"}
        site = {name for name in others if name not in sys.stdlib_module_names and not name.startswith("_")}
        assert not site & {"numpy", "pydantic", "pydicom", "openvino", "scipy", "yaml", "typer", "nibabel"}
        assert not others & {"asyncio", "multiprocessing", "subprocess", "importlib.metadata", "dataclasses", "inspect"}

    @pytest.mark.parametrize(
        ("name", "never"),
        [
            ("IchorError", {"numpy", "pydantic"}),
            ("Scan", {"pydantic", "scipy", "openvino"}),
            ("open_scan", {"pydantic", "scipy", "openvino", "pydicom", "nibabel"}),
            ("Result", {"openvino", "onnxruntime", "pydicom", "torch", "jinja2"}),
            ("Screener", {"openvino", "onnxruntime", "pydicom", "torch", "matplotlib", "highdicom"}),
        ],
    )
    def test_a_name_imports_what_it_needs_when_it_is_used(self, name: str, never: set[str]) -> None:
        loaded = python(f"import ichor, sys; ichor.{name}; print(*sys.modules)").split()
        assert not {one.split(".")[0] for one in loaded} & never

    def test_every_name_is_there_and_listed(self) -> None:
        assert set(ichor.__all__) <= set(dir(ichor))
        for name in ichor.__all__:
            assert getattr(ichor, name) is not None
            assert getattr(ichor, name) is getattr(ichor, name)
        everything: dict[str, object] = {}
        exec("from ichor import *", everything)
        assert set(ichor.__all__) - {"__version__"} <= set(everything)

    def test_another_name_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match="module 'ichor' has no attribute 'segment_scan'"):
            ichor.segment_scan  # noqa: B018
        assert not hasattr(ichor, "__wrapped__")

    def test_submodules_are_imported_as_ever(self) -> None:
        assert python("import ichor.windows; import ichor; print(ichor.windows.BRAIN)").startswith("GrayWindow(")


class TestScreen:
    def test_a_result_is_what_the_command_writes(self, result: ichor.Result, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "ichor", "screen", DEMO, "--out", tmp_path / "out"]
        subprocess.run([*map(str, command), "--probability"], check=True, capture_output=True)
        folder = tmp_path / "out" / "demo-scan"
        assert result.mask is not None and result.probability is not None
        mask = np.asarray(nibabel.load(folder / "mask.nii.gz").dataobj).transpose(2, 1, 0)
        assert np.array_equal(mask > 0, result.mask)
        saved = result.save(tmp_path / "saved", list(OUTPUTS))
        for file in ("mask.nii.gz", "probability.nii.gz"):
            assert (saved / file).read_bytes() == (folder / file).read_bytes()
        found = Findings.from_json((folder / "findings.json").read_bytes())
        same = {"timing_s": found.timing_s}
        assert result.findings.model_copy(update=same) == found

    def test_its_arrays_are_on_the_scans_grid(self, result: ichor.Result) -> None:
        scan = result.scan
        assert result.mask is not None and result.probability is not None and result.labels is not None
        assert result.mask.shape == result.probability.shape == result.labels.shape == scan.voxels.shape
        assert (result.mask.dtype, result.probability.dtype, result.labels.dtype) == (bool, np.float32, np.uint8)
        assert np.array_equal(result.labels > 0, result.mask)
        assert result.findings.hemorrhage.volume_ml == pytest.approx(scan.volume_ml(result.mask.sum(axis=(1, 2))))

    def test_a_saved_result_counts_as_done_in_a_batch(self, result: ichor.Result, tmp_path: Path) -> None:
        result.save(tmp_path / "out" / "demo-scan")
        command = [sys.executable, "-m", "ichor", "screen", DEMO, "--out", tmp_path / "out"]
        done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
        assert "Hemorrhage suspected" in done.stdout
        (row,) = (tmp_path / "out" / "summary.csv").read_text().splitlines()[1:]
        assert row.startswith("demo-scan,skipped,")

    def test_a_scan_that_was_read_gives_the_same_as_its_path(self, result: ichor.Result) -> None:
        again = ichor.screen(ichor.open_scan(str(DEMO)), model=DEFAULT_MODEL)
        assert again.mask is not None and np.array_equal(again.mask, result.mask)
        assert (again.findings.hemorrhage, again.findings.scan) == (result.findings.hemorrhage, result.findings.scan)
        third = ichor.Screener().screen(again.scan)  # whose warnings are those of a result
        assert third.scan.warnings == result.scan.warnings

    def test_an_operating_point_is_the_models(self, result: ichor.Result) -> None:
        triage = ichor.screen(result.scan, operating_point="triage")
        assert triage.findings.method.operating_point == "triage"
        assert result.findings.method.operating_point == "balanced"
        assert triage.findings.method.threshold < result.findings.method.threshold

    def test_one_of_several_scans_of_a_path_is_named_by_its_place(self, tmp_path: Path) -> None:
        for name in ("P001", "P002"):
            (tmp_path / "in" / name).mkdir(parents=True)
            write_synthetic_nifti(tmp_path / "in" / name / "ct.nii.gz", **SMALL)
        screener = ichor.Screener.of(ThresholdMethod())
        places = ichor.find_scans(tmp_path / "in")
        assert len(places) == 2 and all(isinstance(one, ScanPath) for one in places)
        found = [screener.screen(place).findings for place in places]
        assert [one.scan.path for one in found] == [str(tmp_path / "in" / n / "ct.nii.gz") for n in ("P001", "P002")]

    def test_options_say_what_the_files_do_not(self) -> None:
        slices = CT_ICH_PART / "Patients_CT" / "088" / "brain"
        screener = ichor.Screener.of(ThresholdMethod())
        unknown = screener.screen(slices)
        known = screener.screen(slices, ichor.ReadOptions(pixel_mm=0.5, slice_mm=5.0))
        assert unknown.findings.hemorrhage.volume_ml is None
        assert known.findings.hemorrhage.volume_ml is not None
        assert known.findings.made_by.read_options["pixel_mm"] == 0.5

    def test_a_scan_made_in_memory_is_screened(self) -> None:
        scan = synthetic_head(**SMALL)
        found = ichor.Screener.of(ThresholdMethod()).screen(scan).findings
        assert found.hemorrhage.present and found.scan.name == "made"
        assert (
            ichor.Screener.of(ThresholdMethod()).screen(replace(scan, pixel_mm=None)).findings.scan.spacing_mm is None
        )


class TestErrors:
    def test_errors_are_one_line_of_an_ichor_error(self, result: ichor.Result, tmp_path: Path) -> None:
        (tmp_path / "broken.nii.gz").write_bytes(b"no nifti")
        for call, kind in (
            (lambda: ichor.open_scan(tmp_path / "nowhere"), ichor.UnreadableInput),
            (lambda: ichor.open_scan(tmp_path / "broken.nii.gz"), ichor.UnreadableInput),
            (lambda: ichor.screen(tmp_path / "nowhere"), ichor.UnreadableInput),
            (lambda: ichor.Screener("nowhere"), ichor.BadConfig),
            (lambda: ichor.Screener(operating_point="other"), ichor.BadConfig),
            (lambda: result.save(tmp_path / "out", ["jpeg"]), ichor.BadConfig),
            (lambda: result.save(tmp_path / "broken.nii.gz"), ichor.IchorError),
            (lambda: result.save("/proc/no/such/folder"), ichor.OutputFailed),
        ):
            with pytest.raises(kind) as failed:
                call()
            assert isinstance(failed.value, ichor.IchorError) and "\n" not in str(failed.value)
            assert "expected" in str(failed.value) or "could not be written" in str(failed.value)
        assert {one.name for one in tmp_path.iterdir()} == {"broken.nii.gz"}


SCRIPT = """
import atexit
import ichor

atexit.register(print, "ended as any script")
print("runs once")
screener = ichor.Screener()
for path in (PATH, PATH):
    print(f"{screener.screen(path).findings.hemorrhage.volume_ml:.1f} mL")
"""


def test_a_script_needs_no_guard_and_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.replace("PATH", repr(str(DEMO))))
    with subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        said, complaints = process.communicate()
        assert (process.returncode, complaints) == (0, "")
        with pytest.raises(ProcessLookupError):  # the group that it leads is gone
            os.killpg(process.pid, 0)
    lines = said.splitlines()
    assert lines[0] == "runs once" and lines[-1] == "ended as any script"
    assert lines.count("runs once") == 1 and len(lines) == 4 and lines[1] == lines[2]
