"""Locates the scan of a result: at `scan.path` of its findings, or at a path that the user gives."""

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

HOW = "give its location with --scan PATH"


def scan_of(findings: Findings, given: Sequence[ScanPath]) -> Scan:
    """Read the scan of a result; `given` are the scans at the paths that the user gave.

    Raises UnreadableInput, with advice in one line, if it is not found or another scan is found.
    """
    place = place_of(findings, given)
    scan = open_scan(place, place.options(_options(findings)))
    screened, shape = findings.scan, tuple(scan.voxels.shape)
    expected = (screened.n_slices, *screened.size)
    both_known = bool(screened.series_uids and scan.source.series_uids)
    other_series = both_known and screened.series_uids != scan.source.series_uids
    if shape != expected or other_series:
        found = "another series" if shape == expected else "{} slices of {} x {} pixels".format(*shape)
        words = "{} slices of {} x {} pixels".format(*expected)
        raise UnreadableInput(f"{place}: expected the scan of this result, {words}, found {found}; {HOW}")
    return scan


def place_of(findings: Findings, given: Sequence[ScanPath]) -> ScanPath:
    """The location of the scan of a result. Raises UnreadableInput if it is unknown."""
    return _among(findings, given) or _at_its_path(findings)


def _among(findings: Findings, given: Sequence[ScanPath]) -> ScanPath | None:
    """The scan among those that the user gave: at the result's own path, or with its name, or the only one."""
    for one in given:
        if path_sha256(one.path, one.label) == findings.made_by.path_sha256:
            return one
    named = [one for one in given if findings.scan.name in all_names(one)]
    return named[0] if len(named) == 1 else given[0] if len(given) == 1 else None


def _at_its_path(findings: Findings) -> ScanPath:
    stored = findings.scan.path
    if stored is None:
        raise UnreadableInput(f"{findings.scan.name}: this result does not say where its scan is; {HOW}")
    whole = Path(stored)
    for path in (whole, *whole.parents):
        label = whole.relative_to(path).as_posix() if path != whole else ""
        if not path.exists() or path_sha256(path, label) != findings.made_by.path_sha256:
            continue
        for one in find_scans(path):
            if one.label == label:
                return one
    if whole.exists():
        return ScanPath(whole)
    raise UnreadableInput(f"{stored}: expected the scan of this result, found nothing at that path; {HOW}")


def _options(findings: Findings) -> ReadOptions:
    """The options with which the scan was read when it was screened."""
    stored: dict[str, Any] = findings.made_by.read_options
    options: dict[str, Any] = {key: stored[key] for key in ("pixel_mm", "slice_mm", "series_uid") if key in stored}
    try:
        if "crop" in stored:
            options["crop"] = tuple(stored["crop"])
        if "gray_window" in stored:
            options["gray_window"] = GrayWindow(stored["gray_window"]["level"], stored["gray_window"]["width"])
        return ReadOptions(**options)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableInput(
            f"{findings.scan.name}: expected options for reading in findings.json, found something else"
        ) from error
