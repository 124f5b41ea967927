"""What every registered output promises: `ichor.write.base.Output`, held to it on a made DICOM series.

READ_BACK has, for each output, how another library reads its file; a new output is added there.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import highdicom
import jsonschema
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.sr.codedict import codes

from dicom_exact import assert_file_exact
from ichor import atomic
from ichor.errors import IchorError, OutputFailed
from ichor.findings.schema import json_schema
from ichor.read import open_scan
from ichor.screening.screener import Screener
from ichor.write.base import Output
from ichor.write.registry import OUTPUTS, get, outputs_of, registered
from ichor.write.result import Result
from synthetic_dicom import synthetic_series
from synthetic_scans import DetectorMethod, SubtypesMethod, synthetic_head


class Tags(HTMLParser):
    """Which elements are open, and what was closed without having been opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "img", "input", "rect", "line", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open or tag not in ("rect", "line", "path"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def report_of(file: Path, result: Result) -> None:
    page = Tags()
    page.feed(file.read_text(encoding="utf-8"))
    assert page.open == []
    assert "not a medical device" in page.text and result.findings.scan.name in page.text


def findings_of(file: Path, result: Result) -> None:
    said = json.loads(file.read_text())
    jsonschema.validate(said, json.loads(json_schema()))
    assert said["hemorrhage"]["volume_px"] == result.findings.hemorrhage.volume_px


def mask_of(file: Path, result: Result) -> None:
    assert result.labels is not None
    by_nibabel = np.asarray(nibabel.load(file).dataobj)
    assert np.array_equal(by_nibabel.transpose(2, 1, 0), result.labels)
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(file)), result.labels)


def probability_of(file: Path, result: Result) -> None:
    assert result.probability is not None
    found = sitk.GetArrayFromImage(sitk.ReadImage(file))
    np.testing.assert_allclose(found, result.probability, atol=1 / 65535)


def segmentation_of(file: Path, result: Result) -> None:
    assert_file_exact(file, result)


def fractions_of(file: Path, result: Result) -> None:
    assert result.probability is not None
    found = highdicom.seg.segread(file)
    uids = list(result.scan.source.instance_uids)
    how = {"ignore_spatial_locations": True, "assert_missing_frames_are_empty": True}
    read = found.get_pixels_by_source_instance(uids, **how)[..., 0]
    np.testing.assert_allclose(read, result.probability, atol=0.5 / 255 + 1e-6)


def report_of_dicom(file: Path, result: Result) -> None:
    content = highdicom.sr.srread(file).content
    (group,) = content.get_volumetric_roi_measurement_groups()[:1]
    volume = group.get_measurements(codes.cid7472.Volume)[0]
    assert volume.value == pytest.approx(result.findings.hemorrhage.volume_ml)


def capture_of(file: Path, result: Result) -> None:
    image = sitk.ReadImage(file)
    assert sitk.GetArrayFromImage(image).shape[-1] == 3
    made = pydicom.dcmread(file, stop_before_pixels=True)
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID in result.scan.source.instance_uids


READ_BACK: dict[str, Callable[[Path, Result], None]] = {
    "report": report_of,
    "json": findings_of,
    "nifti": mask_of,
    "probability": probability_of,
    "dicom-seg": segmentation_of,
    "dicom-probability": fractions_of,
    "dicom-sr": report_of_dicom,
    "dicom-sc": capture_of,
}


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    voxels = np.asarray(synthetic_head(n=8, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0).voxels)
    return synthetic_series(tmp_path_factory.mktemp("series") / "head", voxels, spacing=14.0)


@pytest.fixture(scope="module")
def result(series: Path) -> Result:
    return Screener.of(SubtypesMethod()).screen(series)


@pytest.fixture(params=sorted(registered()))
def output(request: pytest.FixtureRequest) -> Output:
    return get(str(request.param))


def content(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_it_is_what_it_claims_to_be(output: Output) -> None:
    assert isinstance(output, Output)
    assert registered()[output.name]
    assert output.files and all(Path(file).name == file and not file.startswith(".") for file in output.files)
    assert type(output)().files == output.files


def test_what_it_writes_is_read_by_another_library(output: Output, result: Result, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "out", [output.name])
    assert set(content(folder)) >= {file for one in outputs_of([output.name]) for file in one.files}
    assert output.name in READ_BACK, "say how another library reads it"
    for file in output.files:
        READ_BACK[output.name](folder / file, result)
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}


def test_nothing_is_left_where_the_disk_is_full(
    output: Output, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result.save(tmp_path / "earlier", [output.name])
    before = content(tmp_path / "earlier")

    def full(path: Path, **_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic, "sync", full)
    for folder in (tmp_path / "new", tmp_path / "earlier"):
        with pytest.raises(OutputFailed, match=r"could not be written \(No space left on device\)$"):
            result.save(folder, [output.name])
    assert content(tmp_path / "earlier") == before
    assert [one.name for one in tmp_path.iterdir()] == ["earlier"]


def test_nothing_is_left_where_the_output_fails(
    output: Output, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = type(output).write

    def broken(self: Output, result: Result, folder: Path) -> None:
        write(self, result, folder)
        raise RuntimeError("broken")

    monkeypatch.setattr(type(output), "write", broken)
    with pytest.raises(RuntimeError, match="broken"):
        result.save(tmp_path / "out", ["report", output.name])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_listed_is_noticed(
    output: Output, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(output), "write", lambda self, result, folder: None)
    with pytest.raises(
        IchorError, match=f"{output.name}: expected the output to write {output.files[0]}, found no such"
    ):
        result.save(tmp_path / "out", [output.name])
    assert list(tmp_path.iterdir()) == []


def test_for_a_detector_it_is_written_or_refused_in_one_line(output: Output, series: Path, tmp_path: Path) -> None:
    result = Screener.of(DetectorMethod()).screen(series)
    if output.needs_mask:
        expected = (
            f"^({'|'.join(one.name for one in outputs_of([output.name]))}): expected a method that outlines "
            "hemorrhage, found threshold, which only detects it$"
        )
        with pytest.raises(IchorError, match=expected):
            result.save(tmp_path / "out", [output.name])
        assert list(tmp_path.iterdir()) == []
    else:
        folder = result.save(tmp_path / "out", [output.name])
        READ_BACK[output.name](folder / output.files[0], result)


@pytest.mark.parametrize("known_spacing", [True, False])
@pytest.mark.parametrize("blood_at_mm", [(38.0, 10.0, 60.0), None])
def test_for_any_scan_it_is_written_or_refused_before_the_method_runs(
    output: Output, known_spacing: bool, blood_at_mm: tuple[float, float, float] | None, tmp_path: Path
) -> None:
    scan = synthetic_head(n=8, size=64, known_spacing=known_spacing, blood_at_mm=blood_at_mm)
    result = Screener.of(SubtypesMethod()).screen(scan)
    try:
        output.check(scan)
    except IchorError as error:
        assert "\n" not in str(error) and "expected" in str(error) and "found" in str(error)
        with pytest.raises(IchorError):
            result.save(tmp_path / "out", [output.name])
        assert list(tmp_path.iterdir()) == []
    else:
        result.save(tmp_path / "out", [output.name])
        READ_BACK[output.name](tmp_path / "out" / output.files[0], result)


def test_where_nothing_was_found_it_is_written_too(output: Output, tmp_path: Path) -> None:
    voxels = np.asarray(synthetic_head(n=8, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0, blood_at_mm=None).voxels)
    result = Screener.of(SubtypesMethod()).screen(open_scan(synthetic_series(tmp_path / "in", voxels, spacing=14.0)))
    folder = result.save(tmp_path / "out", [output.name])
    READ_BACK[output.name](folder / output.files[0], result)


def test_the_help_of_the_command_names_each_output() -> None:
    from ichor.cli.screen import screen

    help_text = screen.__annotations__["outputs"]
    assert all(name in str(help_text) for name in OUTPUTS)
