"""DICOM: a folder (with or without DICOMDIR) or one file, from which the axial head CT is read.

The steps: `files` finds the files and reads their headers, `header` makes slices of them, `series` groups these
(`kinds` rejects images that are not head CT, `stack` makes one stack of each group), `join` combines parts of one
head, `choose` ranks the series, `volume` reads the pixels of the best (`pixels` decodes them, `bits` extracts the
values, `values` checks that these are HU).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ichor.errors import Code, UnreadableInput
from ichor.read.base import Inspection, ReadOptions, SeriesSummary, summarize
from ichor.read.dicom.choose import CHOSEN, Ranked, parts_left_out, ranked, why_later
from ichor.read.dicom.files import read_headers
from ichor.read.dicom.identity import by_patient_and_study
from ichor.read.dicom.join import joined
from ichor.read.dicom.kinds import reasons_in_words
from ichor.read.dicom.parsing import looks_like_dicom
from ichor.read.dicom.series import Series, series_in
from ichor.read.dicom.technical import technical_of
from ichor.read.dicom.volume import read_series, scan_of
from ichor.read.walk import files_in
from ichor.scan import Scan, Source


def accepts(path: Path) -> bool:
    """Whether this is a DICOM file, or a folder that contains one."""
    return looks_like_dicom(path) if path.is_file() else any(looks_like_dicom(file) for file in files_in(path))


def read(path: Path, options: ReadOptions) -> Scan:
    """The axial head CT at the path.

    Raises UnreadableInput if there is none, if the requested series is not one, or if there are two patients or
    studies.
    """
    study = _Study.at(path, options)
    return study.scan(study.chosen())


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """Every series at the path, the readable ones first, by rank.

    Raises UnreadableInput if there is no DICOM, if there are two patients or studies, if the requested series is
    missing, or if the chosen one is damaged.
    """
    study = _Study.at(path, options)
    scan: Scan | None = None
    problem: str | None = None
    try:
        chosen: Series | None = study.chosen()
    except UnreadableInput as error:
        if options.series_uid is not None:
            raise
        chosen, problem = None, str(error)
    if chosen is not None:
        scan = study.scan(chosen)
    summaries = []
    for one in study.in_order():
        rank = study.rank(one)
        if scan is not None and one is chosen:
            summary = summarize(scan, uid=one.uid, reason=_reason_chosen(one))
        else:
            best = next((other for other in study.ranked if other.series is chosen), None)
            reason = one.unfit or "" if rank is None else why_later(study.ranked[rank - 1], best)
            summary = _summary(one, reason)
        parts = tuple(part.uid for part in one.parts if part.uid is not None and part.uid != one.uid)
        technical = technical_of((one.stack or one.images)[0])
        summaries.append(replace(summary, rank=rank, joined_uids=parts, technical=technical))
    return Inspection(tuple(summaries), scan.warnings if scan else (*study.notes, f"{problem}."))


@dataclass(frozen=True, slots=True)
class _Study:
    """The DICOM files at a path: one study of one patient.

    Attributes:
        series: its series, with parts of one head joined, unless a series was requested.
        ranked: the readable ones of `series`, best first.
        notes: warnings about the files.
    """

    path: Path
    asked_for: str | None
    series: list[Series]
    ranked: list[Ranked]
    notes: list[str]

    @classmethod
    def at(cls, path: Path, options: ReadOptions) -> _Study:
        slices, notes = read_headers(path, options.files)
        studies = len(set(by_patient_and_study([one.identity for one in slices if any(one.size)])))
        if studies > 1:
            raise UnreadableInput(
                f"{path}: expected one scan, found {studies} studies or patients: put each in its own folder",
                Code.SEVERAL_SCANS,
            )
        found = series_in(slices)
        series = found if options.series_uid is not None else joined(found)
        return cls(path, options.series_uid, series, ranked(series), notes)

    def in_order(self) -> list[Series]:
        """The readable series, best first, followed by the others."""
        return [*(one.series for one in self.ranked), *(one for one in self.series if one.unfit is not None)]

    def rank(self, series: Series) -> int | None:
        """Its position among the readable series, starting at 1."""
        return next((k for k, one in enumerate(self.ranked, 1) if one.series is series), None)

    def chosen(self) -> Series:
        """The series to read. Raises UnreadableInput if there is none."""
        if self.asked_for is not None:
            return self._asked_for(self.asked_for)
        if self.ranked:
            return self.ranked[0].series
        found = reasons_in_words([one.unfit or "" for one in self.series])
        single = self.path.is_file() and len(self.series[0].images) == 1 and self.series[0].only_too_short
        hint = "; specify the folder with the whole series" if single else ""
        why = f"expected an axial head CT, found {len(self.series)} series: {found}{hint}"
        raise UnreadableInput(f"{self.path}: {why}", Code.NOT_CT)

    def _asked_for(self, uid: str) -> Series:
        """The series with that UID, or the best of its reconstructions. Short ones are accepted on explicit request."""
        named = [one for one in self.in_order() if one.uid == uid]
        if not named:
            raise UnreadableInput(f"{self.path}: expected series {uid}, found {len(self.series)} other series")
        first = named[0]
        if first.unfit is None or first.only_too_short:
            return first
        why = f"expected series {uid} to be an axial head CT, found {first.unfit}"
        raise UnreadableInput(f"{self.path}: {why}", Code.NOT_CT)

    def scan(self, series: Series) -> Scan:
        """The scan of a series, with warnings."""
        root = self.path.parent if self.path.is_file() and self.path.name.upper() == "DICOMDIR" else self.path
        rank = self.rank(series)
        sharp = series.stack[0].sharp if rank is None or len(self.ranked) == 1 else self.ranked[rank - 1].sharp
        scan = read_series(series, root, sharp=sharp, elsewhere=parts_left_out(series, self.series))
        return replace(scan, source=replace(scan.source, path=self.path), warnings=(*self.notes, *scan.warnings))


def _reason_chosen(series: Series) -> str:
    if series.unfit is not None:
        return f"requested; {series.unfit}"
    return CHOSEN if not series.parts else f"{CHOSEN}, of {len(series.parts)} series joined"


def _summary(series: Series, reason: str) -> SeriesSummary:
    """A series that is not read, as its headers describe it."""
    slices = series.stack
    first = slices[0] if slices else series.images[0]
    thickness = [one.thickness_mm for one in slices or series.images if one.thickness_mm is not None]
    geometry = None
    if slices:
        # Spacing and tilt are computed by the same code as for any scan, without pixels.
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
