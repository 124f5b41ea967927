"""Encoding of requests and replies as JSON and raw bytes: options, scans, inspections. Invalid content is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ichor.read.base import Inspection, ReadOptions, ScanPath, SeriesSummary
from ichor.read.bounds import MAX_VOXELS
from ichor.read.wire import InvalidReply, Message, ReadInto, fill
from ichor.scan import NiftiGrid, Scan, Source
from ichor.windows import GrayWindow

VOXEL_TYPES = ("uint8", "int16", "int32", "float32")


def options_as_json(options: ReadOptions) -> Message:
    """Read options as JSON."""
    return asdict(options)


def options_from_json(values: Message) -> ReadOptions:
    """The inverse of `options_as_json`."""
    window, crop = GrayWindow(**values["gray_window"]), cast(tuple[int, int, int, int], tuple(values["crop"]))
    return ReadOptions(**{**values, "gray_window": window, "crop": crop, "files": tuple(values["files"])})


def scan_as_json(scan: Scan) -> Message:
    """All of a scan except its voxels, of which it gives the data type and shape."""
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
    """The voxels in C order."""
    return _bytes_of(np.ascontiguousarray(scan.voxels))


def receive_scan(read_into: ReadInto, values: Message) -> Scan:
    """The scan described by `scan_as_json`; its voxels are read from the pipe.

    Raises InvalidReply if the description is invalid, EOFError if the voxels are incomplete.
    """
    try:
        voxels = _voxels(values)
        fill(read_into, _bytes_of(voxels))
        return _scan(values, voxels)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidReply("no scan") from error


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return memoryview(cast(Any, array.reshape(-1))).cast("B")


def _voxels(values: Message) -> NDArray[Any]:
    """An empty array for the voxels."""
    shape = tuple(values["shape"])
    if values["dtype"] not in VOXEL_TYPES or len(shape) != 3 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError("no voxels")
    if np.prod(shape, dtype=float) > MAX_VOXELS:
        raise ValueError("too many voxels")
    return np.empty(shape, values["dtype"])


def _scan(values: Message, voxels: NDArray[Any]) -> Scan:
    source, grid, window = values["source"], values["nifti"], values["gray_window"]

    def floats(name: str) -> Any:
        return None if values[name] is None else np.array(values[name], np.float64)

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
        warnings=tuple(map(str, values["warnings"])),
        contrast=bool(values["contrast"]),
        sharp_kernel=None if values["sharp_kernel"] is None else bool(values["sharp_kernel"]),
        missing_slices=int(values["missing_slices"]),
        stated_tilt_deg=None if values["stated_tilt_deg"] is None else float(values["stated_tilt_deg"]),
    )


def scans_as_json(scans: Sequence[ScanPath]) -> Message:
    """Where scans are stored, as JSON."""
    return {"scans": [[str(one.path), one.files, one.label] for one in scans]}


def scans_from_json(values: Message) -> list[ScanPath]:
    """The inverse of `scans_as_json`. Raises InvalidReply if the value is invalid."""
    try:
        return [ScanPath(Path(path), tuple(map(str, files)), str(label)) for path, files, label in values["scans"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidReply("no scans") from error


def _as_tuple(value: Any) -> Any:
    """A list converted back to a tuple, and an object to a tuple of pairs."""
    if isinstance(value, dict):
        return tuple((str(name), str(one)) for name, one in value.items())
    return tuple(value) if isinstance(value, list) else value


def inspection_from_json(values: Message) -> Inspection:
    """The inverse of `Inspection.as_json`. Raises InvalidReply if the value is invalid."""
    try:
        series = [SeriesSummary(**{name: _as_tuple(one) for name, one in each.items()}) for each in values["series"]]
        return Inspection(tuple(series), tuple(map(str, values["warnings"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidReply("no inspection") from error
