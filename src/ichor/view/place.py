"""Where the scan of a result lies: at `scan.path` of its findings, or at a path that the user gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.findings.schema import Findings
from ichor.read import ReadOptions, ScanPath, find_scans, open_scan
from ichor.scan import Scan
from ichor.screening.inputs import path_sha256
from ichor.screening.names import all_names
from ichor.windows import GrayWindow

HOW = "give the place of the scan by --scan PATH"


def scan_of(findings: Findings, given: Sequence[ScanPath]) -> Scan:
    """The scan of a result, read again; `given` are those that the user says are there.

    Raises UnreadableInput, one line that says what to do, where it is not found or is another.
    """
    place = place_of(findings, given)
    scan = open_scan(place, place.options(_options(findings)))
    said, shape = findings.scan, tuple(scan.voxels.shape)
    expected = (said.n_slices, *said.size)
    other_series = bool(said.series_uids and scan.source.series_uids) and said.series_uids != scan.source.series_uids
    if shape != expected or other_series:
        found = "another series" if shape == expected else "{} slices of {} x {} pixels".format(*shape)
        words = "{} slices of {} x {} pixels".format(*expected)
        raise UnreadableInput(f"{place}: expected the scan of this result, {words}, found {found}; {HOW}")
    return scan


def place_of(findings: Findings, given: Sequence[ScanPath]) -> ScanPath:
    """Where the scan of a result lies. Raises UnreadableInput where that is not known."""
    return _among(findings, given) or _at_its_path(findings)


def _among(findings: Findings, given: Sequence[ScanPath]) -> ScanPath | None:
    """Of the scans that the user gave, the one at the result's own path, or of its name, or the only one."""
    for one in given:
        if path_sha256(one.path, one.label) == findings.made_by.path_sha256:
            return one
    named = [one for one in given if findings.scan.name in all_names(one)]
    return named[0] if len(named) == 1 else given[0] if len(given) == 1 else None


def _at_its_path(findings: Findings) -> ScanPath:
    said = findings.scan.path
    if said is None:
        raise UnreadableInput(f"{findings.scan.name}: this result does not say where its scan lies; {HOW}")
    whole = Path(said)
    for path in (whole, *whole.parents):
        label = whole.relative_to(path).as_posix() if path != whole else ""
        if not path.exists() or path_sha256(path, label) != findings.made_by.path_sha256:
            continue
        for one in find_scans(path):
            if one.label == label:
                return one
    if whole.exists():
        return ScanPath(whole)
    raise UnreadableInput(f"{said}: expected the scan of this result, found nothing at that path; {HOW}")


def _options(findings: Findings) -> ReadOptions:
    """What the user said of the scan when it was screened."""
    said: dict[str, Any] = findings.made_by.read_options
    known: dict[str, Any] = {key: said[key] for key in ("pixel_mm", "slice_mm", "series_uid") if key in said}
    try:
        if "crop" in said:
            known["crop"] = tuple(said["crop"])
        if "gray_window" in said:
            known["gray_window"] = GrayWindow(said["gray_window"]["level"], said["gray_window"]["width"])
        return ReadOptions(**known)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableInput(
            f"{findings.scan.name}: expected options of reading in findings.json, found something else"
        ) from error
