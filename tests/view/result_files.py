"""Made results on disk, each with its scan, for the tests of the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ichor.findings.build import package_versions
from ichor.findings.parts import Making
from ichor.read import ReadOptions, open_scan
from ichor.scan import Scan
from ichor.screening.inputs import path_sha256
from ichor.screening.measure import options_as_json
from ichor.screening.screener import Predicts, Screener
from synthetic_scans import SubtypesMethod, write_synthetic_nifti

OUTPUTS = ("nifti", "json", "probability")


def write_result(
    out: Path,
    name: str = "head",
    *,
    method: Predicts | None = None,
    with_path: bool = True,
    outputs: tuple[str, ...] | None = OUTPUTS,
    **geometry: Any,
) -> Path:
    """A made head as NIfTI beside `out`, and its result in `out`, whose folder is returned."""
    out.parent.mkdir(parents=True, exist_ok=True)
    path = write_synthetic_nifti(out.parent / f"{name}.nii.gz", **{"size": 64, "pixel_mm": (3.2, 3.2), **geometry})
    return save_result(open_scan(path), path, out / name, method=method, with_path=with_path, outputs=outputs)


def save_result(
    scan: Scan,
    path: Path,
    folder: Path,
    *,
    method: Predicts | None = None,
    with_path: bool = True,
    outputs: tuple[str, ...] | None = OUTPUTS,
) -> Path:
    """What a made method finds in a scan that lies at `path`, as ichor screen would write it."""
    made_by = Making(
        packages=package_versions(),
        read_options=dict(options_as_json(ReadOptions())),
        input_sha256="0",
        path_sha256=path_sha256(path),
        method_sha256=None,
    )
    screener = Screener.of(method or SubtypesMethod())
    shown = str(path) if with_path else None
    result = screener.result(scan, name=folder.name, path=shown, made_by=made_by, read_s=0.1)
    return result.save(folder, outputs)
