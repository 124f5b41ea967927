"""How questions and answers travel between a process and the one that reads for it.

A message is its length (4 bytes, little endian) and that many bytes of JSON; what is large follows as raw bytes, with
its length in the JSON. Nothing is pickled: the reading process works on bytes of strangers, so its answers are checked
as any input is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ichor.read.base import Inspection, ReadOptions, ScanPath, SeriesSummary
from ichor.read.bounds import MOST_VOXELS
from ichor.scan import NiftiGrid, Scan, Source
from ichor.windows import GrayWindow

Message = dict[str, Any]
Write = Callable[[memoryview], int | None]
ReadInto = Callable[[memoryview], int | None]

LONGEST_MESSAGE = 64 * 2**20
VOXEL_TYPES = ("uint8", "int16", "int32", "float32")


class BrokenAnswer(Exception):
    """Not what a reading process says."""


def send(write: Write, message: Message, *blobs: memoryview) -> None:
    """Write a message, and after it the raw bytes, each of which the message has to tell the length of."""
    content = json.dumps(message).encode("ascii")
    for part in (memoryview(len(content).to_bytes(4, "little") + content), *blobs):
        rest = part
        while rest:
            rest = rest[write(rest) or 0 :]


def receive(read_into: ReadInto) -> Message:
    """The next message. Raises EOFError where there is none, and BrokenAnswer where it is no message."""
    (length,) = np.frombuffer(receive_bytes(read_into, 4), "<u4")
    if length > LONGEST_MESSAGE:
        raise BrokenAnswer(f"a message of {length} bytes")
    try:
        message = json.loads(receive_bytes(read_into, int(length)))
    except ValueError as error:
        raise BrokenAnswer("no JSON") from error
    if not isinstance(message, dict):
        raise BrokenAnswer("no message")
    return message


def receive_bytes(read_into: ReadInto, length: int) -> bytes:
    """Exactly so many bytes. Raises EOFError where fewer come."""
    content = bytearray(length)
    _fill(read_into, memoryview(content))
    return bytes(content)


def _fill(read_into: ReadInto, target: memoryview) -> None:
    while target:
        n = read_into(target)
        if not n:
            raise EOFError
        target = target[n:]


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
        _fill(read_into, _bytes_of(voxels))
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
        ),
        pixel_mm=floats("pixel_mm"),
        positions_mm=floats("positions_mm"),
        orientation=floats("orientation"),
        thickness_mm=floats("thickness_mm"),
        gray_window=None if window is None else GrayWindow(float(window["level"]), float(window["width"])),
        warnings=tuple(map(str, said["warnings"])),
        contrast=bool(said["contrast"]),
        sharp_kernel=bool(said["sharp_kernel"]),
        missing_slices=int(said["missing_slices"]),
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


def inspection_from_json(said: Message) -> Inspection:
    """The inverse of `Inspection.as_json`. Raises BrokenAnswer where it is none."""
    try:
        series = [
            SeriesSummary(
                **cast(Any, {name: tuple(one) if isinstance(one, list) else one for name, one in each.items()})
            )
            for each in said["series"]
        ]
        return Inspection(tuple(series), tuple(map(str, said["warnings"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenAnswer("no inspection") from error
