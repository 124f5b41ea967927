"""Synthetic heads with known blood in them, and a method that finds it: no patient, no model, any geometry."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from scipy import ndimage

from ichor.errors import IchorError
from ichor.formats.nifti import affine
from ichor.scan import RADIOLOGICAL, Scan, Source
from ichor.screening.screener import Screener
from ichor.segmentation import MadeBy, Segmentation

BLOOD_HU, BRAIN_HU, SKULL_HU, AIR_HU = 65, 35, 1000, -1000

# Patient directions (LPS) of a growing column index and a growing row index.
SUPINE = RADIOLOGICAL
PRONE = -RADIOLOGICAL
FEET_FIRST = np.array([[-1.0, 0, 0], [0, 1.0, 0]])
TRANSPOSED = RADIOLOGICAL[::-1]


def synthetic_head(
    *,
    n: int = 12,
    size: int = 128,
    pixel_mm: tuple[float, float] = (1.6, 1.6),
    distances_mm: float | tuple[float, ...] = 10.0,
    tilt_deg: float = 0.0,
    orientation: np.ndarray = SUPINE,
    blood_at_mm: tuple[float, float, float] | None = (38.0, 10.0, 60.0),
    blood_radii_mm: tuple[float, float, float] = (16.0, 24.0, 20.0),
    known_spacing: bool = True,
    kind: str = "nifti",
    path: Path = Path("made"),
    warnings: tuple[str, ...] = (),
) -> Scan:
    """A skull with brain and, where `blood_at_mm` is given, an ellipsoid of blood.

    Coordinates are LPS mm from the middle of the lowest slice: x to the patient's left, y to posterior, z up.
    `tilt_deg` leans the slices about the left-right axis while the table moves along z, as a gantry does.
    """
    steps = np.broadcast_to(np.asarray(distances_mm, float), (n - 1,))
    tilt = np.radians(tilt_deg)
    lean = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    turned = orientation @ lean.T
    heights = np.r_[0, np.cumsum(steps)] / np.cos(tilt)
    row_mm, column_mm = pixel_mm
    middle = (turned[0] * column_mm + turned[1] * row_mm) * (size - 1) / 2
    positions = np.array([0, 0, 1.0]) * heights[:, None] - middle
    rows, columns = np.ogrid[:size, :size]
    place = [
        (
            positions[:, axis, None, None] + columns * turned[0, axis] * column_mm + rows * turned[1, axis] * row_mm
        ).astype(np.float32)
        for axis in range(3)
    ]
    centre, radii = np.array([0, 0, 50.0]), np.array([72.0, 90.0, 85.0])
    hu = np.full((n, size, size), AIR_HU, np.int16)
    hu[_inside(place, centre, radii)] = SKULL_HU
    hu[_inside(place, centre, radii - 7)] = BRAIN_HU
    if blood_at_mm is not None:
        hu[_inside(place, np.array(blood_at_mm), np.array(blood_radii_mm))] = BLOOD_HU
    scan = Scan(
        voxels=hu,
        source=Source(kind, path),
        pixel_mm=np.tile(pixel_mm, (n, 1)).astype(float),
        positions_mm=positions,
        orientation=np.tile(turned, (n, 1, 1)),
        thickness_mm=np.full(n, float(np.median(steps)) if n > 1 else 5.0),
        warnings=warnings,
    )
    if known_spacing:
        return scan
    return replace(scan, pixel_mm=None, positions_mm=None, thickness_mm=None)


def _inside(place: list[np.ndarray], centre: np.ndarray, radii: np.ndarray) -> np.ndarray:
    return sum(((place[axis] - centre[axis]) / radii[axis]) ** 2 for axis in range(3)) <= 1


@dataclass
class ThresholdMethod:
    """Calls hemorrhage what is 60 to 90 HU well inside the skull; deterministic, and learns nothing."""

    lowest_hu: float = 60.0
    highest_hu: float = 90.0

    @property
    def made_by(self) -> MadeBy:
        settings = {"lowest_hu": self.lowest_hu, "highest_hu": self.highest_hu}
        return MadeBy("threshold", 0.5, settings, version="1")

    def predict(self, scan: Scan) -> Segmentation:
        hu = np.asarray(scan.hu)
        blood = (hu >= self.lowest_hu) & (hu <= self.highest_hu)
        return segmentation_of(ndimage.binary_opening(blood, np.ones((1, 3, 3))), self.made_by)


class SubtypesMethod(ThresholdMethod):
    """Tells subtypes too: subdural above all on the lower half of the slices, intraparenchymal on the upper half."""

    def predict(self, scan: Scan) -> Segmentation:
        upper = np.arange(scan.n_slices)[:, None] >= scan.n_slices / 2
        told = np.where(upper, (0.1, 0.9, 0.2, 0.0, 0.3), (0.1, 0.3, 0.2, 0.0, 0.8))
        return replace(super().predict(scan), subtype_probability=told)


class DetectorMethod(ThresholdMethod):
    """Gives the same probabilities of slices and of the scan, from 0.5 on flagged, and outlines nothing."""

    def predict(self, scan: Scan) -> Segmentation:
        return replace(super().predict(scan), probability=None, mask=None)


class Panic(BaseException):
    """As decoders written in Rust raise it: no Exception, and what it holds cannot be pickled."""


class FailingMethod(ThresholdMethod):
    """Fails on scans by their names, as methods and machines do."""

    def predict(self, scan: Scan) -> Segmentation:
        name = scan.source.path.name
        if "crash" in name:
            raise RuntimeError("DOE^JANE 1961-01-01")  # what a message may quote must not be repeated
        if "panic" in name:
            raise Panic("DOE^JANE 1961-01-01", lambda: None)
        if "memory" in name:
            raise MemoryError
        if "deep" in name:
            self.predict(scan)
        if "interrupt" in name:
            raise KeyboardInterrupt
        if "killed" in name:
            os._exit(9)
        return super().predict(scan)


def load_threshold_method(model: str, *, threads: int | None = None) -> FailingMethod:
    """Stands in for a model package: `model` is the lowest HU of blood."""
    return FailingMethod(lowest_hu=float(model))


def threshold_screener(lowest_hu: str = "60") -> Screener:
    """With a made method."""
    return Screener.of(load_threshold_method(lowest_hu))


def load_and_log(log: Path) -> Screener:
    """Loads, and writes an x for each time."""
    with log.open("a") as file:
        file.write("x")
    return threshold_screener()


def load_and_die() -> Screener:
    os._exit(9)


def load_and_refuse() -> Screener:
    raise IchorError("package: expected weights, found none")


def load_and_panic() -> Screener:
    raise Panic("DOE^JANE", lambda: None)


def segmentation_of(mask: np.ndarray, made_by: MadeBy) -> Segmentation:
    """A mask as a method's answer: probability 0.9 inside and fading out around it, slices by their area."""
    away = ndimage.gaussian_filter(mask.astype(np.float32), (0, 2, 2))
    area = mask.sum(axis=(1, 2))
    slices = np.where(area > 0, 0.6 + 0.39 * area / max(area.max(), 1), 0.03)
    return Segmentation(
        probability=np.where(mask, 0.9, np.minimum(away, 0.45)).astype(np.float32),
        mask=mask.astype(bool),
        slice_probability=slices.astype(np.float64),
        scan_probability=float(slices.max()),
        made_by=made_by,
    )


def write_synthetic_nifti(path: Path, **geometry: Any) -> Path:
    """A made head as a NIfTI file."""
    scan = synthetic_head(**geometry)
    nibabel.save(nibabel.Nifti1Image(scan.voxels.transpose(2, 1, 0), affine(scan)), path)
    return path
