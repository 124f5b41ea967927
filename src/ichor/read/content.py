"""What questions and answers hold, as JSON and raw bytes: options, scans, inspections. What is wrong is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ichor.read.base import Inspection, ReadOptions, ScanPath, SeriesSummary
from ichor.read.bounds import MOST_VOXELS
from ichor.read.wire import BrokenAnswer, Message, ReadInto, fill
from ichor.scan import NiftiGrid, Scan, Source
from ichor.windows import GrayWindow

VOXEL_TYPES = ("uint8", "int16", "int32", "float32")


def options_as_json(options: ReadOptions) -> Message:
    """What a user said of a scan, as JSON has it."""
    return asdict(options)


def options_from_json(said: Message) -> ReadOptions:
    """The inverse of `options_as_json`."""
    window, crop = GrayWindow(**said["gray_window"]), cast(tuple[int, int, int, int], tuple(said["crop"]))
    return ReadOptions(**{**said, "gray_window": window, "crop": crop, "files": tuple(said["files"])})


def scan_as_json(scan: Scan) -> Message:
    """All of a scan but its voxels, of which it says type and shape."""
    source, grid = scan.source, scan.source.nifti
    return {
        "dtype": scan.voxels.dtype.name,
        "shape": scan.voxels.shape,
        "source": {
            "kind": source.kind,
            "path": str(source.path),
            "series_uid": source.series_uid,
            "instance_uids": source.instance_uids,
            "frame_numbers": source.frame_numbers,
            "study_uid": source.study_uid,
            "joined_uids": source.joined_uids,
        },
        "nifti": None
        if grid is None
        else {
            "orientation": grid.orientation.tolist(),
            "affine": grid.affine.tolist(),
            "shape": grid.shape,
            "unit_code": grid.unit_code,
        },
        **{
            name: None if (array := getattr(scan, name)) is None else array.tolist()
            for name in ("pixel_mm", "positions_mm", "orientation", "thickness_mm")
        },
        "gray_window": None if scan.gray_window is None else asdict(scan.gray_window),
        "warnings": scan.warnings,
        "contrast": scan.contrast,
        "sharp_kernel": scan.sharp_kernel,
        "missing_slices": scan.missing_slices,
        "stated_tilt_deg": scan.stated_tilt_deg,
    }


def voxels_as_bytes(scan: Scan) -> memoryview:
    """The voxels as they lie in memory, in C order."""
    return _bytes_of(np.ascontiguousarray(scan.voxels))


def receive_scan(read_into: ReadInto, said: Message) -> Scan:
    """The scan that `scan_as_json` told of, its voxels read now.

    Raises BrokenAnswer where it is none, EOFError where its voxels do not come whole.
    """
    try:
        voxels = _voxels(said)
        fill(read_into, _bytes_of(voxels))
        return _scan(said, voxels)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenAnswer("no scan") from error


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return memoryview(cast(Any, array.reshape(-1))).cast("B")


def _voxels(said: Message) -> NDArray[Any]:
    """Room for the voxels."""
    shape = tuple(said["shape"])
    if said["dtype"] not in VOXEL_TYPES or len(shape) != 3 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError("no voxels")
    if np.prod(shape, dtype=float) > MOST_VOXELS:
        raise ValueError("too many voxels")
    return np.empty(shape, said["dtype"])


def _scan(said: Message, voxels: NDArray[Any]) -> Scan:
    source, grid, window = said["source"], said["nifti"], said["gray_window"]

    def floats(name: str) -> Any:
        return None if said[name] is None else np.array(said[name], np.float64)

    nifti = None
    if grid is not None:
        first, second, third = map(int, grid["shape"])
        orientation, affine = np.array(grid["orientation"], np.float64), np.array(grid["affine"], np.float64)
        if orientation.shape != (3, 2) or affine.shape != (4, 4):
            raise ValueError("no grid")
        nifti = NiftiGrid(orientation, affine, (first, second, third), int(grid["unit_code"]))
    return Scan(
        voxels=voxels,
        source=Source(
            kind=str(source["kind"]),
            path=Path(source["path"]),
            series_uid=None if source["series_uid"] is None else str(source["series_uid"]),
            instance_uids=tuple(map(str, source["instance_uids"])),
            frame_numbers=tuple(map(int, source["frame_numbers"])),
            nifti=nifti,
            study_uid=None if source["study_uid"] is None else str(source["study_uid"]),
            joined_uids=tuple(map(str, source["joined_uids"])),
        ),
        pixel_mm=floats("pixel_mm"),
        positions_mm=floats("positions_mm"),
        orientation=floats("orientation"),
        thickness_mm=floats("thickness_mm"),
        gray_window=None if window is None else GrayWindow(float(window["level"]), float(window["width"])),
        warnings=tuple(map(str, said["warnings"])),
        contrast=bool(said["contrast"]),
        sharp_kernel=None if said["sharp_kernel"] is None else bool(said["sharp_kernel"]),
        missing_slices=int(said["missing_slices"]),
        stated_tilt_deg=None if said["stated_tilt_deg"] is None else float(said["stated_tilt_deg"]),
    )


def scans_as_json(scans: Sequence[ScanPath]) -> Message:
    """Where scans lie."""
    return {"scans": [[str(one.path), one.files, one.label] for one in scans]}


def scans_from_json(said: Message) -> list[ScanPath]:
    """The inverse of `scans_as_json`. Raises BrokenAnswer where it is none."""
    try:
        return [ScanPath(Path(path), tuple(map(str, files)), str(label)) for path, files, label in said["scans"]]
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenAnswer("no scans") from error


def _as_tuple(value: Any) -> Any:
    """A list as the tuple, and an object as the pairs, that it was."""
    if isinstance(value, dict):
        return tuple((str(name), str(one)) for name, one in value.items())
    return tuple(value) if isinstance(value, list) else value


def inspection_from_json(said: Message) -> Inspection:
    """The inverse of `Inspection.as_json`. Raises BrokenAnswer where it is none."""
    try:
        series = [SeriesSummary(**{name: _as_tuple(one) for name, one in each.items()}) for each in said["series"]]
        return Inspection(tuple(series), tuple(map(str, said["warnings"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenAnswer("no inspection") from error
