"""Names of scans: recognizable, derived from the paths that the user gave, and safe as file names.

A name is the shortest end of a scan's path that distinguishes it from the other scans: `P001` for P001/, but `P001-ct`
and `P002-ct` for P001/ct.nii.gz and P002/ct.nii.gz. It contains nothing from inside the files. A scan that already has
a name keeps it, so that a batch can grow and be continued.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ichor.read.base import ScanPath, printable
from ichor.screening.inputs import path_sha256

SUFFIXES = re.compile(
    r"(\.nii(\.gz)?|\.(hdr|img)(\.gz)?|\.nrrd|\.nhdr|\.mh[ad]|\.zip|\.tar(\.(gz|bz2|xz))?|\.t(gz|bz2|xz)|\.dcm|\.avi)$",
    re.IGNORECASE,
)
LONGEST_BYTES = 80  # in UTF-8; file systems take 255, and temporary names are longer
HASH_DIGITS = 8
# Windows reserves these names for devices, with any extension (learn.microsoft.com, "Naming Files, Paths, and
# Namespaces").
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def name_scans(scans: Iterable[ScanPath], taken: Mapping[str, str] | None = None) -> dict[ScanPath, str]:
    """Choose a name for each scan, unique also on file systems that ignore case.

    `taken` holds the names in use, each with the `path_sha256` of its scan, or "" for anything else: a scan keeps its
    name, and no other gets it.
    """
    scans, taken = list(scans), taken or {}
    owner = {_folded(name): path for name, path in taken.items()}
    earlier: dict[str, str] = {}
    for name in sorted(taken):
        earlier.setdefault(taken[name], name)
    paths = {scan: path_sha256(scan.path, scan.label) for scan in scans}
    forms = {scan: all_names(scan) for scan in scans}
    chosen = dict.fromkeys(scans, 0)
    while True:
        names = {scan: forms[scan][k] for scan, k in chosen.items()}
        count = Counter(map(_folded, names.values()))
        longer = [
            scan
            for scan, name in names.items()
            if chosen[scan] + 1 < len(forms[scan])
            and (count[_folded(name)] > 1 or owner.get(_folded(name), paths[scan]) != paths[scan])
        ]
        if not longer:
            return {scan: earlier.get(paths[scan], name) for scan, name in names.items()}
        for scan in longer:
            chosen[scan] += 1


def name_with_hash(scan: ScanPath) -> str:
    """A name with a hash of the path, which no scan at another path has."""
    return all_names(scan)[-1]


def all_names(scan: ScanPath) -> list[str]:
    """The possible names of a scan, from the shortest to the one with a hash, which is unique."""
    parts = _absolute(scan.path).parts[1:] or ("",)
    leaf = _stem(parts[-1])
    names = [_joined([*parts[k:-1], leaf], scan) for k in range(len(parts) - 1, -1, -1)]
    if leaf != parts[-1]:
        names.append(_joined([parts[-1]], scan))  # head.zip next to head.nii.gz
    return [*names, _with_hash(names[0], scan)]


def full_path(scan: ScanPath) -> str:
    """The absolute path of a scan, with the user's links, as shown in results."""
    return printable(str(ScanPath(_absolute(scan.path), scan.files, scan.label)))


def _absolute(path: Path) -> Path:
    """The path without `.` and `..`; links are kept, since the user knows the scan by them."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (Path.resolve follows links)


def _stem(name: str) -> str:
    return SUFFIXES.sub("", name)


def _joined(parts: list[str], scan: ScanPath) -> str:
    """The parts of a name, followed by the scan's label, joined to one safe name."""
    inside = [_stem(part) for part in scan.label.split("/")] if scan.label else []
    safe = [one for one in map(_safe, [*parts, *inside]) if one]
    name = "-".join(safe) or "scan"
    if DEVICES.match(name):
        name = f"scan-{name}"
    return name if len(name.encode()) <= LONGEST_BYTES else _with_hash(name, scan)


def _with_hash(name: str, scan: ScanPath) -> str:
    most = LONGEST_BYTES - HASH_DIGITS - 1
    cut = name.encode()[:most].decode(errors="ignore").rstrip("._-")
    return f"{cut}-{path_sha256(scan.path, scan.label)[:HASH_DIGITS]}"


def _safe(text: str) -> str:
    """Only letters of any script, digits and . _ -, which all file systems, shells and spreadsheets accept."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(one if one in "._-" or unicodedata.category(one)[0] in "LMN" else " " for one in composed)
    return re.sub(" +", "_", kept).strip("._-")


def _folded(name: str) -> str:
    """A form that is equal for names that some file system treats as the same."""
    return unicodedata.normalize("NFC", name.casefold())
