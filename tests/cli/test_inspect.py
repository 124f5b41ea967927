"""`ichor inspect` as people and programs run it: a process, its output and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ichor.cli.options import read_options
from ichor.errors import IchorError
from ichor.windows import STROKE, GrayWindow
from paths import GE_HEAD_PART
from synthetic_dicom import PATIENT, ct_slices, save, synthetic_series

PAIR = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
SERIES = {
    "uid": {"type": ["string", "null"]},
    "modality": {"type": ["string", "null"]},
    "n_slices": {"type": "integer", "minimum": 1},
    "size": PAIR,
    "pixel_mm": PAIR,
    "spacing_mm": PAIR,
    "thickness_mm": PAIR,
    "tilt_deg": {"type": ["number", "null"]},
    "hu": PAIR,
    "chosen": {"type": "boolean"},
    "reason": {"type": "string", "minLength": 1},
    "rank": {"type": ["integer", "null"], "minimum": 1},
    "joined_uids": {"type": "array", "items": {"type": "string"}},
    "technical": {"type": "object", "additionalProperties": {"type": "string"}},
}
SCAN = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "minLength": 1},
        "label": {"type": "string"},
        "readable": {"type": "boolean"},
        "series": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": SERIES,
                "required": list(SERIES),
                "additionalProperties": False,
            },
        },
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["path", "label", "readable", "series", "warnings"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {"scans": {"type": "array", "items": SCAN, "minItems": 1}},
    "required": ["scans"],
    "additionalProperties": False,
}


def ichor(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "inspect", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def as_json(*arguments: object) -> dict[str, Any]:
    done = ichor(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    (scan,) = found["scans"]
    return dict(scan)


def test_ge_head_as_json() -> None:
    found = as_json(GE_HEAD_PART)
    (series,) = found["series"]
    assert series["n_slices"] == 9
    assert series["size"] == [512, 512]
    assert series["spacing_mm"] == pytest.approx([1.08, 7.0], abs=0.01)
    assert series["thickness_mm"] == [4, 7]
    assert series["tilt_deg"] == pytest.approx(18.5, abs=0.02)
    assert series["hu"][0] == -1024
    assert series["chosen"]
    assert found["warnings"] == []


def test_phantom_as_a_table(phantom: Path) -> None:
    done = ichor(phantom)
    assert (done.returncode, done.stderr) == (0, "")
    for text in ("axial head CT", "localizer (3), secondary capture (2), dose report (1)", "-1024 to 782"):
        assert text in done.stdout
    assert "1.3.46.670589.33.1.17491953482334658115.21841165151607525240" in done.stdout


def test_warnings_are_shown(tmp_path: Path) -> None:
    slices = ct_slices()
    save(slices[:3] + slices[5:], tmp_path)
    text = "About 2 slices missing between slices 3 and 4: 15.0 mm apart."
    assert f"warning: {text}" in ichor(tmp_path).stdout
    assert as_json(tmp_path)["warnings"] == [text]


def test_a_requested_series(tmp_path: Path) -> None:
    synthetic_series(tmp_path, series_uid="1.2.3.1")
    synthetic_series(tmp_path, series_uid="1.2.3.2", thickness=1.0)
    found = as_json(tmp_path, "--series", "1.2.3.2")
    assert [one["chosen"] for one in found["series"]] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["absent"], "absent: expected a file or folder, found nothing at that path"),
        ([__file__], "expected a head CT"),
        ([GE_HEAD_PART, "--series", "1.2.3"], f"{GE_HEAD_PART}: expected series 1.2.3, found 1 other series"),
        (
            [GE_HEAD_PART, "--window", "wide"],
            "--window: expected LEVEL/WIDTH in HU, as in 40/120, or one of",
        ),
        ([GE_HEAD_PART, "--pixel-mm", "0"], "--pixel-mm: expected a distance above 0 mm, found 0"),
    ],
)
def test_bad_input_is_reported_in_one_line_with_exit_code_2(arguments: list[object], line: str) -> None:
    done = ichor(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("ichor: ")


def test_nothing_of_a_patient_is_shown(tmp_path: Path) -> None:
    folder = synthetic_series(tmp_path)
    (folder / "I0003").write_bytes((folder / "I0003").read_bytes()[:2000])
    for done in (ichor(folder), ichor(folder, "--json")):
        assert not [value for value in PATIENT.values() if value in done.stdout + done.stderr]


def test_several_scans_are_shown_and_an_unreadable_one_is_reported(tmp_path: Path) -> None:
    for name in ("A", "B"):
        synthetic_series(tmp_path / name, study_uid=f"1.2.{ord(name)}")
    save(ct_slices(study_uid="1.2.3", change=lambda one, _: setattr(one, "Modality", "MR")), tmp_path / "C")
    (tmp_path / "D.nii.gz").write_bytes(b"none")
    done = ichor(tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    for k, name in enumerate("ABC", 1):
        assert f"scan {k} of 4: {tmp_path / name}\n" in done.stdout
    assert f"failed: {tmp_path / 'D.nii.gz'}: expected" in done.stdout
    said = json.loads(ichor(tmp_path, "--json").stdout)
    jsonschema.validate(said, SCHEMA)
    assert [(one["path"], one["readable"]) for one in said["scans"]] == [
        *((str(tmp_path / name), True) for name in "ABC"),
        (str(tmp_path / "D.nii.gz"), False),
    ]
    assert [one["chosen"] for scan in said["scans"] for one in scan["series"]] == [True, True, False]


def test_it_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom ichor.cli import app\n"
        f"app(['inspect', {str(GE_HEAD_PART)!r}], standalone_mode=False)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"torch", "monai", "scipy", "nibabel", "onnxruntime", "openvino", "pandas", "matplotlib", "highdicom"}
    assert not heavy & set(done.stderr.split())


class TestOptions:
    def test_windows(self) -> None:
        assert read_options(window="stroke").gray_window == STROKE
        assert read_options(window="Stroke").gray_window == STROKE
        assert read_options(window="-600/1500").gray_window == GrayWindow(-600, 1500)
        assert read_options(window="35.5/80").gray_window == GrayWindow(35.5, 80)

    @pytest.mark.parametrize("text", ["", "40", "40/", "40/0", "40/-8", "40/nan", "inf/80", "4/8/2", "a/b"])
    def test_no_windows(self, text: str) -> None:
        with pytest.raises(IchorError, match=r"^--window: expected LEVEL/WIDTH"):
            read_options(window=text)

    @pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
    def test_no_distances(self, value: float) -> None:
        with pytest.raises(IchorError, match=r"^--pixel-mm: expected a distance above 0 mm"):
            read_options(pixel_mm=value)
        with pytest.raises(IchorError, match=r"^--slice-mm: expected a distance above 0 mm"):
            read_options(slice_mm=value)


def test_no_tilt_is_shown_without_a_sign_of_minus(tmp_path: Path) -> None:
    folder = synthetic_series(tmp_path / "scan", along=(0.0, 0.0002, 1.0))
    assert "-0.0" not in ichor("inspect", folder).stdout
