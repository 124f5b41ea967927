"""What scans are called: names that a person recognises, from the paths that the user gave, safe as names of files.

A name is the end of a scan's path, as short as tells it from the other scans: `P001` for P001/, but `P001-ct` and
`P002-ct` for P001/ct.nii.gz and P002/ct.nii.gz. Nothing of what the files say is in it. Whatever has a name already
keeps it, so that a batch can grow and go on.
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
# Windows takes these for devices, whatever follows a dot (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def name_scans(scans: Iterable[ScanPath], taken: Mapping[str, str] | None = None) -> dict[ScanPath, str]:
    """A name for each scan, each its own also where a file system knows no case.

    `taken` are names that are in use, each with the `path_sha256` of the scan that it stands for, or "" for what is no
    scan: a scan that has one keeps it, and no other gets it.
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
    """The name of a scan to which no path gives one of its own: no scan at another path has it."""
    return all_names(scan)[-1]


def all_names(scan: ScanPath) -> list[str]:
    """The names that a scan may get, from the shortest to the one that no other has."""
    parts = _absolute(scan.path).parts[1:] or ("",)
    leaf = _stem(parts[-1])
    names = [_joined([*parts[k:-1], leaf], scan) for k in range(len(parts) - 1, -1, -1)]
    if leaf != parts[-1]:
        names.append(_joined([parts[-1]], scan))  # head.zip beside head.nii.gz
    return [*names, _with_hash(names[0], scan)]


def full_path(scan: ScanPath) -> str:
    """Where a scan lies, from the root on and by the links that the user gave, as it is shown in results."""
    return printable(str(ScanPath(_absolute(scan.path), scan.files, scan.label)))


def _absolute(path: Path) -> Path:
    """The path without `.` and `..`; links stay, since the user gave their names."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (Path.resolve follows links)


def _stem(name: str) -> str:
    return SUFFIXES.sub("", name)


def _joined(parts: list[str], scan: ScanPath) -> str:
    """The parts of a name, and behind them what tells a scan from others at its path."""
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
    """Letters of any script, digits and . _ - alone: what all file systems, shells and spreadsheets take."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(one if one in "._-" or unicodedata.category(one)[0] in "LMN" else " " for one in composed)
    return re.sub(" +", "_", kept).strip("._-")


def _folded(name: str) -> str:
    """The same for two names that some file system takes for one."""
    return unicodedata.normalize("NFC", name.casefold())
