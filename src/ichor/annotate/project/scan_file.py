"""A scan in one file of the project: voxels, geometry and source."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ichor.atomic import sync, write_whole
from ichor.errors import UnreadableInput
from ichor.scan import FloatArray, NiftiGrid, Scan, Source
from ichor.windows import GrayWindow

GEOMETRY = ("pixel_mm", "positions_mm", "thickness_mm")


def write_scan(scan: Scan, path: Path) -> str:
    """Write the scan atomically and sync it to disk; returns the file's SHA-256.

    The path from which it was read is stored as an absolute path.
    """
    source, nifti = scan.source, scan.source.nifti
    arrays: dict[str, Any] = {"voxels": np.asarray(scan.voxels), "orientation": scan.orientation}
    arrays |= {name: getattr(scan, name) for name in GEOMETRY if getattr(scan, name) is not None}
    facts: dict[str, Any] = {
        "kind": source.kind,
        "path": str(source.path.absolute()),
        "series_uid": source.series_uid,
        "instance_uids": source.instance_uids,
        "frame_numbers": source.frame_numbers,
        "gray_window": scan.gray_window and [scan.gray_window.level, scan.gray_window.width],
        "warnings": scan.warnings,
        "nifti": None,
    }
    if nifti is not None:
        facts["nifti"] = {"shape": nifti.shape, "unit_code": nifti.unit_code}
        arrays |= {"nifti_orientation": nifti.orientation, "nifti_affine": nifti.affine}
    content = io.BytesIO()
    np.savez_compressed(content, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), **arrays)
    write_whole(path, content.getvalue(), private=True)
    sync(path)  # the database's row, which is synced, too, must not outlive it
    return sha256(content.getbuffer()).hexdigest()


def read_scan(path: Path) -> Scan:
    """The scan of `write_scan`. Raises UnreadableInput if the file is missing or damaged."""
    return read_scan_and_hash(path)[0]


def read_scan_and_hash(path: Path) -> tuple[Scan, str]:
    """The same, and the file's SHA-256."""
    with _damage_told(path):
        content = path.read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return _scan(dict(file)), sha256(content).hexdigest()


def read_orientation(path: Path) -> FloatArray:
    """(n, 2, 3), the orientation of the scan of `write_scan`, without reading its voxels; raises as `read_scan`."""
    with _damage_told(path), np.load(path, allow_pickle=False) as file:
        return np.asarray(file["orientation"], np.float64)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableInput(f"{path}: expected a scan of the project, found no file of that name") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableInput(f"{path}: expected a scan of the project, found a damaged file") from error


def _scan(arrays: dict[str, Any]) -> Scan:
    facts = json.loads(arrays.pop("facts").tobytes())
    nifti = None
    if facts["nifti"] is not None:
        nifti = NiftiGrid(
            orientation=arrays.pop("nifti_orientation"),
            affine=arrays.pop("nifti_affine"),
            shape=tuple(facts["nifti"]["shape"]),
            unit_code=facts["nifti"]["unit_code"],
        )
    window = facts["gray_window"]
    return Scan(
        source=Source(
            kind=facts["kind"],
            path=Path(facts["path"]),
            series_uid=facts["series_uid"],
            instance_uids=tuple(facts["instance_uids"]),
            frame_numbers=tuple(facts["frame_numbers"]),
            nifti=nifti,
        ),
        gray_window=None if window is None else GrayWindow(*window),
        warnings=tuple(facts["warnings"]),
        **arrays,
    )
