"""DICOM: a folder (with or without DICOMDIR) or one file, of which the axial head CT is read.

The way of the data: `files` finds the files and reads their headers, `header` makes slices of them, `choose`
groups them by series and picks one (`kinds` says why not the others, `stack` makes one stack of each),
`volume` reads the pixels of that one (`pixels` decodes them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ichor.errors import UnreadableInput
from ichor.read.base import Inspection, ReadOptions, SeriesSummary, summarize
from ichor.read.dicom.choose import CHOSEN, Series, best, series_in, why_not_chosen
from ichor.read.dicom.files import files_in, looks_like_dicom, read_headers
from ichor.read.dicom.kinds import reasons_in_words
from ichor.read.dicom.volume import read_series, scan_of
from ichor.scan import Scan, Source


def accepts(path: Path) -> bool:
    """Whether this is a DICOM file, or a folder that holds one."""
    return looks_like_dicom(path) if path.is_file() else any(looks_like_dicom(file) for file in files_in(path))


def read(path: Path, options: ReadOptions) -> Scan:
    """The axial head CT at the path.

    Raises UnreadableInput where there is none, or the series asked for is not one.
    """
    slices, notes = read_headers(path)
    series = series_in(slices)
    scan = read_series(_chosen(series, path, options), _root(path))
    return _with_notes(scan, path, [*notes, *_note_on_studies(series)])


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """Every series at the path.

    Raises UnreadableInput where there is no DICOM, the series asked for is absent, or the chosen one damaged.
    """
    slices, notes = read_headers(path)
    series = series_in(slices)
    scan: Scan | None = None
    problem: str | None = None
    try:
        chosen: Series | None = _chosen(series, path, options)
    except UnreadableInput as error:
        if options.series_uid is not None:
            raise
        chosen, problem = None, str(error)
    if chosen is not None:
        scan = _with_notes(read_series(chosen, _root(path)), path, [*notes, *_note_on_studies(series)])
    summaries = [
        summarize(scan, uid=one.uid, reason=_praise(one))
        if scan is not None and one is chosen
        else _summary(one, why_not_chosen(one, chosen))
        for one in series
    ]
    return Inspection(tuple(summaries), scan.warnings if scan else (*notes, f"{problem}."))


def _root(path: Path) -> Path:
    return path.parent if path.is_file() and path.name.upper() == "DICOMDIR" else path


def _with_notes(scan: Scan, path: Path, notes: Sequence[str]) -> Scan:
    return replace(scan, source=replace(scan.source, path=path), warnings=(*notes, *scan.warnings))


def _note_on_studies(series: Sequence[Series]) -> list[str]:
    """Two studies side by side may be two patients, of which one would go unseen."""
    studies = {one.stack[0].study_uid for one in series if one.unfit is None}
    if len(studies) < 2:
        return []
    return [f"{len(studies)} studies with a head CT lie here and one is read: give each a folder of its own."]


def _chosen(series: Sequence[Series], path: Path, options: ReadOptions) -> Series:
    if options.series_uid is not None:
        return _asked_for(series, path, options.series_uid)
    chosen = best(series)
    if chosen is None:
        found = reasons_in_words([one.unfit or "" for one in series])
        hint = "; give the folder that holds the whole series" if path.is_file() and len(series[0].images) == 1 else ""
        raise UnreadableInput(f"{path}: expected an axial head CT, found {len(series)} series: {found}{hint}")
    return chosen


def _asked_for(series: Sequence[Series], path: Path, uid: str) -> Series:
    """The series of that UID. A short one is read: whoever names it has looked."""
    for one in series:
        if one.uid == uid:
            if one.unfit is None or one.only_too_short:
                return one
            raise UnreadableInput(f"{path}: expected series {uid} to be an axial head CT, found {one.unfit}")
    raise UnreadableInput(f"{path}: expected series {uid}, found {len(series)} others")


def _praise(series: Series) -> str:
    return CHOSEN if series.unfit is None else f"asked for; {series.unfit}"


def _summary(series: Series, reason: str) -> SeriesSummary:
    """A series that is not read, as its headers describe it."""
    slices = series.stack
    first = slices[0] if slices else series.images[0]
    thickness = [one.thickness_mm for one in slices or series.images if one.thickness_mm is not None]
    geometry = None
    if slices:
        # A scan without its pixels tells spacing and tilt as for any other.
        pixels = np.zeros((len(slices), 1, 1), np.int16)
        geometry = summarize(scan_of(slices, pixels, Source("dicom", first.path)), reason=reason)
    return SeriesSummary(
        uid=series.uid,
        modality=first.modality,
        n_slices=len(slices) or len(series.images),
        size=first.size if any(first.size) else None,
        pixel_mm=(float(first.pixel_mm[0]), float(first.pixel_mm[1])) if np.all(first.pixel_mm > 0) else None,
        spacing_mm=geometry.spacing_mm if geometry else None,
        thickness_mm=(min(thickness), max(thickness)) if thickness else None,
        tilt_deg=geometry.tilt_deg if geometry else None,
        hu=None,
        chosen=False,
        reason=reason,
    )
