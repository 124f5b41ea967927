"""A head CT on its native grid: returned by every reader and given to every method.

Coordinates are DICOM's patient coordinate system, LPS in mm: x increases towards the patient's left, y towards
posterior, z towards superior (DICOM PS3.3 C.7.6.2.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.windows import GrayWindow

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NiftiGrid:
    """The grid of a volume file (NIfTI, NRRD, MetaImage), so that a mask can be written on it.

    `orientation` is nibabel's (3, 2) array from the file's axes to the scan's (columns, rows, slices), with columns
    towards the left, rows towards posterior and slices towards superior; `affine` is the file's own (4, 4), RAS, in the
    unit of length of its `unit_code` (nifti1.h; 2 is mm).
    """

    orientation: NDArray[np.float64]
    affine: NDArray[np.float64]
    shape: tuple[int, int, int]
    unit_code: int = 2


@dataclass(frozen=True, slots=True)
class Source:
    """Where a scan came from.

    `kind` is one of ct-ich, ct-ich-nifti, nifti, nrrd, metaimage, images, video, dicom. For DICOM, `instance_uids[k]`
    is the SOP Instance UID of slice k and `frame_numbers[k]` its frame in that instance (from 1; 1 if single-frame);
    `joined_uids` are the series that were joined to cover the head, including `series_uid`.
    """

    kind: str
    path: Path
    series_uid: str | None = None
    instance_uids: tuple[str, ...] = ()
    frame_numbers: tuple[int, ...] = ()
    nifti: NiftiGrid | None = None
    study_uid: str | None = None
    joined_uids: tuple[str, ...] = ()

    @property
    def series_uids(self) -> tuple[str, ...]:
        """Every series that was read; empty if it has no UID."""
        return self.joined_uids or (() if self.series_uid is None else (self.series_uid,))


@dataclass(frozen=True, eq=False)
class Scan:
    """One head CT, its slices in anatomical order from inferior to superior.

    Attributes:
        voxels: (n, rows, columns); HU, or gray 0 to 255 of `gray_window` if that is given.
        source: where it came from.
        pixel_mm: (n, 2), the distance between rows and between columns of each slice; None if unknown.
        positions_mm: (n, 3), the center of each slice's first pixel, LPS; None if unknown.
        orientation: (n, 2, 3), for each slice the unit vector of increasing column index (a row's direction) and that
            of increasing row index, LPS (the order of DICOM's Image Orientation (Patient)). If positions are unknown,
            this is the radiological convention.
        thickness_mm: (n,), the thickness that each slice was reconstructed with; None if unknown.
        gray_window: the window of gray `voxels`; None for HU.
        warnings: about how it was read, one sentence each.
        contrast: whether the header says that contrast agent was given.
        sharp_kernel: whether it was reconstructed for bone or lung, by the header or compared with other series; None
            if unknown.
        missing_slices: how many slices of this head were left out or are missing.
        stated_tilt_deg: the gantry tilt in the header, which positions may contradict; None if not stated.

    Raises ValueError if the arrays do not fit together or the slices are not in anatomical order.
    """

    voxels: NDArray[np.generic]
    source: Source
    pixel_mm: FloatArray | None = None
    positions_mm: FloatArray | None = None
    orientation: FloatArray = field(default_factory=lambda: np.empty((0, 2, 3)))
    thickness_mm: FloatArray | None = None
    gray_window: GrayWindow | None = None
    warnings: tuple[str, ...] = ()
    contrast: bool = False
    sharp_kernel: bool | None = None
    missing_slices: int = 0
    stated_tilt_deg: float | None = None

    def __post_init__(self) -> None:
        if self.voxels.ndim != 3 or 0 in self.voxels.shape:
            raise ValueError(f"expected voxels of shape (n, rows, columns), found {self.voxels.shape}")
        n = self.n_slices
        if self.orientation.size == 0:
            object.__setattr__(self, "orientation", np.tile(RADIOLOGICAL, (n, 1, 1)))
        for name, shape in (
            ("pixel_mm", (n, 2)),
            ("positions_mm", (n, 3)),
            ("orientation", (n, 2, 3)),
            ("thickness_mm", (n,)),
        ):
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(f"expected {name} of shape {shape}, found {array.shape}")
        if self.pixel_mm is not None and not np.all(self.pixel_mm > 0):
            raise ValueError(f"expected positive pixel sizes, found {self.pixel_mm.min():g} mm")
        distances = self.slice_distances_mm
        if distances is not None and not np.all(distances > 0):
            raise ValueError(
                "expected slices in order from inferior to superior, each above the last, "
                f"found a step of {distances.min():g} mm"
            )

    @property
    def n_slices(self) -> int:
        """The number of slices."""
        return int(self.voxels.shape[0])

    @property
    def hu(self) -> NDArray[np.generic]:
        """(n, rows, columns) in HU; clipped to the range of `gray_window` if the scan is gray."""
        return self.voxels if self.gray_window is None else self.gray_window.hu(self.voxels)

    @property
    def normal(self) -> FloatArray:
        """(3,) the unit normal of the slices, pointing towards the vertex."""
        rows, columns = self.orientation[0]
        normal = np.cross(rows, columns)
        return np.asarray(normal if normal[2] >= 0 else -normal, np.float64)

    @property
    def slice_positions_mm(self) -> FloatArray | None:
        """(n,) each slice's position along the slice normal, relative to the lowest slice; None if unknown."""
        if self.positions_mm is None:
            return None
        along = self.positions_mm @ self.normal
        return np.asarray(along - along[0], np.float64)

    @property
    def slice_distances_mm(self) -> FloatArray | None:
        """(n - 1,) the distance from each slice to the next one above, along the slice normal; None if unknown."""
        along = self.slice_positions_mm
        return None if along is None else np.diff(along)

    @property
    def slice_heights_mm(self) -> FloatArray | None:
        """(n,) the height of a voxel on each slice; None if unknown.

        Half the distance to the slice below plus half the distance to the slice above, since slices of real series
        overlap or leave gaps; the first and last slice count their only distance twice. A single slice has its
        thickness.
        """
        distances = self.slice_distances_mm
        if distances is None:
            return None
        if distances.size == 0:
            return self.thickness_mm
        return np.asarray((np.r_[distances[:1], distances] + np.r_[distances, distances[-1:]]) / 2, np.float64)

    @property
    def pixel_area_mm2(self) -> FloatArray | None:
        """(n,) the area of a pixel of each slice; None if unknown."""
        return None if self.pixel_mm is None else np.asarray(self.pixel_mm.prod(axis=1), np.float64)

    @property
    def spacing_mm(self) -> tuple[float, float, float] | None:
        """(pixel row, pixel column, median slice distance); None if any of it is unknown."""
        heights = self.slice_heights_mm
        if self.pixel_mm is None or heights is None:
            return None
        distances = self.slice_distances_mm
        middle = np.median(distances if distances is not None and distances.size else heights)
        row, column = np.median(self.pixel_mm, axis=0)
        return float(row), float(column), float(middle)

    @property
    def tilt_deg(self) -> float | None:
        """Angle between the slice normal and the line from the lowest to the highest slice; None if unknown.

        Sideways steps (`sideways_mm`) are excluded. It is the gantry tilt if the table moved along the body axis.
        Positive if the normal leans towards posterior, the sign of DICOM's Gantry/Detector Tilt (0018,1120) on the
        scanners seen.
        """
        if self.positions_mm is None or self.n_slices < 2:
            return None
        steps = np.diff(self.positions_mm, axis=0)
        straight = sideways_mm(self.positions_mm, self.normal) == 0
        line = steps[straight if straight.any() else slice(None)].sum(axis=0)
        line = line / np.linalg.norm(line)
        angle = np.degrees(np.arccos(np.clip(line @ self.normal, -1, 1)))
        lean = np.sign(self.normal[1] - line[1]) or 1.0
        return float(round(angle * lean, 2)) + 0.0  # no -0.0

    def volume_ml(self, area_px: NDArray[np.integer]) -> float | None:
        """Volume in mL of the given number of pixels (n,) on each slice; None if pixel size or heights are unknown."""
        areas_mm2, heights_mm = self.pixel_area_mm2, self.slice_heights_mm
        if areas_mm2 is None or heights_mm is None:
            return None
        return float(np.sum(area_px * areas_mm2 * heights_mm) / 1000)

    def with_warnings(self, *more: str) -> Scan:
        """The same scan with further warnings."""
        return replace(self, warnings=(*self.warnings, *more))


def sideways_mm(positions_mm: FloatArray, normal: FloatArray) -> FloatArray:
    """(n - 1,) the sideways displacement of each slice from the line of the slices below, mm; 0 up to `SIDEWAYS_MM`.

    `positions_mm` is (n, 3), from inferior to superior, and `normal` (3,). The line is the median of all steps: along
    the normal, or slanted by the gantry tilt.
    """
    steps = np.diff(positions_mm, axis=0)
    along = steps @ normal
    if len(steps) < 3 or np.any(along <= 0):
        return np.zeros(len(steps))
    usual = np.median(steps / along[:, None], axis=0)
    sideways = np.linalg.norm(steps - along[:, None] * usual, axis=1)
    return np.where(sideways > SIDEWAYS_MM, sideways, 0.0)


# Smaller sideways steps are ignored: positions are rounded, and tables settle.
SIDEWAYS_MM = 2.0
# Rows towards the patient's left, columns towards posterior: the usual display for radiologists.
RADIOLOGICAL: FloatArray = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
