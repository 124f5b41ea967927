"""What all file readers share: their options, the description of what they found, and the summary of a scan."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ichor.scan import Scan
from ichor.windows import BRAIN, GrayWindow


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user can state about a scan when its files do not.

    Attributes:
        gray_window: the gray window of JPG or PNG slices.
        pixel_mm: the pixel size of JPG or PNG slices and of video frames, mm.
        slice_mm: the distance between JPG or PNG slices, or between frames of a video, mm.
        crop: pixels to cut off each frame of a video, where text is burned in: top, right, bottom, left.
        series_uid: the DICOM series to read instead of the one that the reader would choose.
        files: the files that make up the scan if the path holds others too; relative to the path, with / between
            folders.
    """

    gray_window: GrayWindow = BRAIN
    pixel_mm: float | None = None
    slice_mm: float | None = None
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    series_uid: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanPath:
    """Where a scan is stored: a path, or some of the files there.

    Attributes:
        path: the file, folder or archive.
        files: those of its files that make up the scan, as in `ReadOptions`; empty if all of them do.
        label: distinguishes the scan from others at the same path; empty if it is the only one.
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
    """One series as `ichor inspect` shows it; pairs are (lowest, highest); None where unknown.

    `rank` is its position among the readable series, starting at 1, and `joined_uids` are the UIDs of other series that
    were joined to it. `technical` describes how a DICOM series was acquired and stored: names and values.
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
    """Everything found at a path: its series, which of them is the axial head CT, and the warnings about it."""

    series: tuple[SeriesSummary, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain lists and dictionaries, for `ichor inspect --json`."""
        series = [{**asdict(one), "technical": dict(one.technical)} for one in self.series]
        return {"series": series, "warnings": list(self.warnings)}


class FormatReader(Protocol):
    """The interface of each format's module in this folder, which tests/read/test_contract.py checks."""

    def accepts(self, path: Path) -> bool:
        """Whether the path looks like this format. Fast; raises nothing."""
        ...

    def read(self, path: Path, options: ReadOptions) -> Scan:
        """The scan. Raises UnreadableInput with a one-line message if there is none."""
        ...

    def inspect(self, path: Path, options: ReadOptions) -> Inspection:
        """Everything at the path, chosen or not. Raises UnreadableInput if nothing can be read."""
        ...


def printable(text: str) -> str:
    """Text without characters that could break a line or control a terminal, or that are not valid UTF-8."""
    return "".join(character if character.isprintable() else "?" for character in text)


def summarize(scan: Scan, *, uid: str | None = None, reason: str) -> SeriesSummary:
    """The summary of a chosen series, from the scan that was read from it."""
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
