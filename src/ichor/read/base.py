"""What all readers share: their options, what they say of what they found, and how a scan is summed up."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ichor.scan import Scan
from ichor.windows import BRAIN, GrayWindow


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user may say of a scan that the files cannot.

    Attributes:
        gray_window: the window that JPG or PNG slices are gray in.
        pixel_mm: the pixel size of JPG or PNG slices and of video, mm.
        slice_mm: the distance between JPG or PNG slices, or frames of a video, mm.
        crop: pixels to cut off each frame of a video, where writing is burned in: top, right, bottom, left.
        series_uid: the DICOM series to read, where the reader's own choice is not wanted.
        files: the files that make the scan, where the path holds others too; relative to it, with / between folders.
    """

    gray_window: GrayWindow = BRAIN
    pixel_mm: float | None = None
    slice_mm: float | None = None
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    series_uid: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanPath:
    """Where one scan lies: at a path, or in some of the files there.

    Attributes:
        path: the file, folder or archive.
        files: those of its files that make the scan, as in `ReadOptions`; empty where all that is there does.
        label: what tells it from the other scans at the path; empty where it is the only one.
    """

    path: Path
    files: tuple[str, ...] = ()
    label: str = ""

    def __str__(self) -> str:
        return f"{self.path}/{self.label}" if self.label else str(self.path)

    def options(self, options: ReadOptions) -> ReadOptions:
        """The same options, for this scan."""
        return replace(options, files=self.files)


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One series of images as `ichor inspect` shows it; pairs are (lowest, highest); None where unknown.

    `rank` is its place among the series that can be read, from 1, and `joined_uids` those of other series in it.
    `technical` says how a DICOM series was made and is stored: names of facts with their values.
    """

    uid: str | None
    modality: str | None
    n_slices: int
    size: tuple[int, int] | None
    pixel_mm: tuple[float, float] | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: tuple[float, float] | None
    tilt_deg: float | None
    hu: tuple[float, float] | None
    chosen: bool
    reason: str
    rank: int | None = None
    joined_uids: tuple[str, ...] = ()
    technical: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything found at a path: its series, which one is the axial head CT, and what is wrong with it."""

    series: tuple[SeriesSummary, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain lists and dictionaries, for `ichor inspect --json`."""
        series = [{**asdict(one), "technical": dict(one.technical)} for one in self.series]
        return {"series": series, "warnings": list(self.warnings)}


class Reader(Protocol):
    """What each file in this folder offers; tests/read/test_contract.py holds all of them to it."""

    def accepts(self, path: Path) -> bool:
        """Whether the path looks like this format; cheap, raises nothing."""
        ...

    def read(self, path: Path, options: ReadOptions) -> Scan:
        """The scan. Raises UnreadableInput with one line where there is none."""
        ...

    def inspect(self, path: Path, options: ReadOptions) -> Inspection:
        """What is there, chosen or not. Raises UnreadableInput where nothing can be read."""
        ...


def printable(text: str) -> str:
    """Text of a file or a file's name without what could break a line, steer a terminal, or is no UTF-8."""
    return "".join(character if character.isprintable() else "?" for character in text)


def summarize(scan: Scan, *, uid: str | None = None, reason: str) -> SeriesSummary:
    """A chosen series' summary from the scan that was read of it."""
    distances = scan.slice_distances_mm
    hu = scan.hu
    return SeriesSummary(
        uid=uid,
        modality="CT",
        n_slices=scan.n_slices,
        size=(int(scan.voxels.shape[1]), int(scan.voxels.shape[2])),
        pixel_mm=None if scan.pixel_mm is None else _pair(np.median(scan.pixel_mm, axis=0)),
        spacing_mm=None if distances is None or not distances.size else _range(distances),
        thickness_mm=None if scan.thickness_mm is None else _range(scan.thickness_mm),
        tilt_deg=None if scan.tilt_deg is None else scan.tilt_deg + 0.0,  # no -0
        hu=_range(hu),
        chosen=True,
        reason=reason,
        rank=1,
    )


def _range(values: Any) -> tuple[float, float]:
    return _pair((np.min(values), np.max(values)))


def _pair(values: Any) -> tuple[float, float]:
    low, high = values
    return round(float(low), 4) + 0.0, round(float(high), 4) + 0.0  # no -0
