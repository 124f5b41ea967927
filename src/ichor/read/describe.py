"""A description of what is at a path, for a bug report, that is safe to share with anyone.

Everything in it is a number, a word from a fixed list, or a word of Ichor's own messages. It contains no text or name
of a file, no date, no UID and no pixel.
"""

from __future__ import annotations

import os
import platform
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ichor.read.base import Inspection, ScanPath, SeriesSummary
from ichor.read.dicom.parsing import begins_like_dicom
from ichor.read.dicom.technical import MODALITIES, known
from ichor.read.redaction import LEFT_OUT, redacted
from ichor.version import __version__

PACKAGES = (
    "av",
    "nibabel",
    "numpy",
    "onnxruntime",
    "openvino",
    "pillow",
    "pydicom",
    "python-gdcm",
    "scipy",
    "SimpleITK",
)
# Longer suffixes come before shorter ones that they contain.
ENDINGS = (
    *(".nii.gz", ".hdr.gz", ".img.gz", ".tar.gz", ".tar.bz2", ".tar.xz"),
    *(".nii", ".hdr", ".img", ".nrrd", ".nhdr", ".raw", ".mha", ".mhd", ".zip", ".tar", ".tgz", ".gz", ".7z", ".rar"),
    *(".dcm", ".dicom", ".ima", ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".avi", ".mp4", ".txt", ".json"),
    *(".csv", ".xml", ".html", ".pdf", ".exe", ".inf", ".mat"),
)
# The first bytes of files.
BEGINNINGS = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"RIFF": "RIFF (AVI)",
    b"NRRD": "NRRD",
    b"ObjectType": "MetaImage",
    b"\x5c\x01\0\0": "NIfTI or Analyze",
    b"\0\0\x01\x5c": "NIfTI or Analyze, big-endian",
    b"\0\x05\x16\x07": "AppleDouble of macOS",
    b"%PDF": "PDF",
}
MAX_FILES_OPENED = 5000


def describe(path: Path, found: Mapping[ScanPath, Inspection | str]) -> dict[str, Any]:
    """The description of a path as JSON; `found` is the inspection of each scan there, or the error message."""
    return {
        "ichor": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "packages": dict(_versions()),
        "at_path": _at(path),
        "scans": [_of_scan(path, scan, result) for scan, result in found.items()],
    }


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def _at(path: Path) -> dict[str, Any]:
    """How many files of which kind and size there are, and how deep, including hidden ones."""
    if not path.is_dir():
        kind = "a file" if path.is_file() else "nothing" if not path.exists() else "something else"
        files = [(path, 0)] if path.is_file() else []
    else:
        kind = "a folder"
        files = [
            (Path(folder, name), len(Path(folder).relative_to(path).parts) + 1)
            for folder, _, names in os.walk(path)
            for name in names
        ]
    sizes: dict[tuple[int, str, str, bool], list[int]] = defaultdict(list)
    for k, (file, depth) in enumerate(files):
        n_bytes, content = _looked_at(file) if k < MAX_FILES_OPENED else (0, "not looked at")
        sizes[depth, _ending(file), content, file.name.startswith(".")].append(n_bytes)
    return {
        "kind": kind,
        "links": sum(file.is_symlink() for file, _ in files),
        "files": [
            {
                "depth": depth,
                "ending": ending,
                "content": content,
                "hidden": hidden,
                "count": len(those),
                "bytes": [min(those), max(those)],
            }
            for (depth, ending, content, hidden), those in sorted(sizes.items())
        ],
    }


def _looked_at(file: Path) -> tuple[int, str]:
    try:
        with file.open("rb") as opened:
            head = opened.read(132)
            n_bytes = file.stat().st_size
    except OSError as error:
        return 0, f"could not be opened ({os.strerror(error.errno or 0)})"
    if begins_like_dicom(head):
        return n_bytes, "DICOM" if head[128:132] == b"DICM" else "DICOM without its preamble"
    return n_bytes, next((kind for start, kind in BEGINNINGS.items() if head.startswith(start)), "other")


def _ending(file: Path) -> str:
    name = file.name.lower()
    return next((one for one in ENDINGS if name.endswith(one)), "other" if file.suffix else "none")


def _of_scan(path: Path, scan: ScanPath, result: Inspection | str) -> dict[str, Any]:
    summary = {"one_of_several_at_its_path": bool(scan.label), "readable": not isinstance(result, str)}
    if isinstance(result, str):
        return summary | {"error": redacted(_unnamed(result, path, scan))}
    numbers = {uid: k for k, one in enumerate(result.series, 1) for uid in (one.uid, *one.joined_uids) if uid}
    return summary | {
        "series": [_of_series(one, numbers, path, scan) for one in result.series],
        # Warnings about many files are equal once the file names are removed.
        "warnings": [
            f"{warning} ({count} times)" if count > 1 else warning
            for warning, count in Counter(redacted(_unnamed(one, path, scan)) for one in result.warnings).items()
        ],
    }


def _of_series(one: SeriesSummary, numbers: Mapping[str, int], path: Path, scan: ScanPath) -> dict[str, Any]:
    return {
        "number": numbers.get(one.uid or ""),
        "joined": len(one.joined_uids),
        "modality": known(one.modality, MODALITIES),
        "chosen": one.chosen,
        "rank": one.rank,
        "reason": redacted(_unnamed(one.reason, path, scan)),
        "slices": one.n_slices,
        "size": one.size,
        "pixel_mm": one.pixel_mm,
        "spacing_mm": one.spacing_mm,
        "thickness_mm": one.thickness_mm,
        "tilt_deg": one.tilt_deg,
        "hu": one.hu,
        **dict(one.technical),
    }


def _unnamed(message: str, path: Path, scan: ScanPath) -> str:
    """The message without known paths."""
    for one in sorted({str(scan), str(scan.path), str(path)}, key=len, reverse=True):
        message = message.replace(one, LEFT_OUT)
    return message
