"""Possible reasons why a lesion was missed or falsely marked, from measurements on the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.pages.pictures.findings import Kind

Mask = NDArray[np.bool_]

# Pixels brighter than any clot are bone or calcification; the brain window of the JPG release ends at 100 HU.
BONE_ABOVE_HU = 95.0
RING_MM = 5.0
AT_BONE_MM = 2.0
# The limits of what counts as a reason.
FAINT_HU = 10.0  # fresh blood is 20 to 40 HU brighter than brain
THIN_MM = 4.0
SMALL_ML = 0.5
ALONG_BONE = 0.25
AT_MIDLINE_MM = 4.0
NEAR_VERTEX = (
    0.75  # the head is so much narrower where a slice cuts the vault at a low angle, and bone blurs into brain
)
# In a head rounder than this, the long axis does not show the midline.
_ELONGATED = 1.1
# If the enclosed area is smaller than this share of the slice, it is not brain: the skull is open.
_LEAST_BRAIN = 0.02
_SUTURE_PX = 10  # half the width of the gaps in a child's skull that are closed to find the brain
_SPECK_PX = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of marked pixels on one slice.

    Attributes:
        contrast_hu: their mean HU minus that of the tissue within RING_MM; nan if either has no tissue.
        thickness_mm: the median over the middle line of the marked area.
        volume_ml: on this slice only.
        along_bone: the share of them within AT_BONE_MM of bone.
        midline_mm: their median distance from the head's long axis; nan if the head is round or the skull open.
        outside: the share of them outside the skull; nan if it is open.
        width_share: the head's width on this slice as a share of its maximum; nan if either is unknown.
    """

    contrast_hu: float
    thickness_mm: float
    volume_ml: float
    along_bone: float
    midline_mm: float
    outside: float
    width_share: float

    def __str__(self) -> str:
        contrast = "no tissue" if np.isnan(self.contrast_hu) else f"{self.contrast_hu:+.0f} HU"
        return f"{contrast}, {self.thickness_mm:.1f} mm thick, {self.volume_ml:.2g} mL"


def measure(
    hu: NDArray[np.floating],
    marked: Mask,
    blood: Mask,
    pixel_mm: tuple[float, float],
    height_mm: float,
    width_share: float,
) -> Measured:
    """Measure marked pixels of a slice; all arrays are (rows, columns).

    `blood` is all delineated pixels, which do not count as surrounding tissue. `height_mm` is the extent of the slice,
    `width_share` is as in `Measured`.
    """
    bone = ndimage.binary_opening(hu >= BONE_ABOVE_HU, iterations=_SPECK_PX)
    tissue = (hu > 0) & (hu < BONE_ABOVE_HU)
    away_mm = ndimage.distance_transform_edt(~marked, sampling=pixel_mm)
    ring = (away_mm > 0) & (away_mm <= RING_MM) & tissue & ~blood
    inside = marked & tissue
    from_bone_mm = ndimage.distance_transform_edt(~bone, sampling=pixel_mm) if bone.any() else np.full(hu.shape, np.inf)
    brain = _brain(bone)
    axis_mm = None if brain is None else _from_long_axis(brain, pixel_mm)
    return Measured(
        contrast_hu=float(hu[inside].mean() - hu[ring].mean()) if inside.any() and ring.any() else float("nan"),
        thickness_mm=_thickness(marked, pixel_mm),
        volume_ml=float(marked.sum() * pixel_mm[0] * pixel_mm[1] * height_mm / 1000),
        along_bone=float(np.mean(from_bone_mm[marked] <= AT_BONE_MM)),
        midline_mm=float("nan") if axis_mm is None else float(np.median(axis_mm[marked])),
        outside=float("nan") if brain is None else float(np.mean(~(brain | bone)[marked])),
        width_share=width_share,
    )


def reason(kind: Kind, measured: Measured, *, excluded: bool) -> str:
    """The possible reasons for a failure of this kind, in one line.

    `excluded` says that the dataset excludes the subject from overlap.
    """
    false = kind is Kind.FALSE_POSITIVE
    facts = (
        (excluded, "excluded from overlap"),
        (false and measured.contrast_hu >= FAINT_HU, "brighter than its surroundings"),
        (false and measured.contrast_hu <= -FAINT_HU, "darker than its surroundings"),
        (not false and measured.contrast_hu < FAINT_HU, "hardly brighter than its surroundings"),
        (false and measured.midline_mm <= AT_MIDLINE_MM, "at the midline, as falx and sinus"),
        (false and measured.outside > 0.5, "outside the skull"),
        (measured.along_bone >= ALONG_BONE, "along bone"),
        (measured.width_share <= NEAR_VERTEX, "near the vertex"),
        (not false and measured.thickness_mm < THIN_MM, "thin"),
        (not false and measured.volume_ml < SMALL_ML, "small"),
    )
    return ", ".join(words for holds, words in facts if holds) or "no reason measured"


def _thickness(marked: Mask, pixel_mm: tuple[float, float]) -> float:
    """Twice the distance to the edge along the middle line, where that distance is largest among its neighbours."""
    depth = ndimage.distance_transform_edt(np.pad(marked, 1), sampling=pixel_mm)
    middle = (depth > 0) & (depth >= ndimage.maximum_filter(depth, size=3))
    # The distance counts to the center of the first pixel outside, half a pixel too far on either side.
    return float(2 * np.median(depth[middle]) - np.mean(pixel_mm))


def _brain(bone: Mask) -> Mask | None:
    """(rows, columns) the largest area enclosed by bone; None if the skull is open."""
    skull = ndimage.binary_closing(np.pad(bone, _SUTURE_PX), iterations=_SUTURE_PX)
    skull = skull[_SUTURE_PX:-_SUTURE_PX, _SUTURE_PX:-_SUTURE_PX]
    labels, _ = ndimage.label(ndimage.binary_fill_holes(skull) & ~skull)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax()) if sizes.max() >= _LEAST_BRAIN * bone.size else None


def _from_long_axis(brain: Mask, pixel_mm: tuple[float, float]) -> NDArray[np.float64] | None:
    """(rows, columns) the distance from the long axis of the brain, mm; None if it is round."""
    points = np.argwhere(brain) * pixel_mm
    centre = points.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov((points - centre).T))
    if variances[1] < _ELONGATED**2 * variances[0]:
        return None
    across = axes[:, 0]  # at a right angle to the long axis
    rows, columns = np.indices(brain.shape)
    return np.asarray(
        np.abs((rows * pixel_mm[0] - centre[0]) * across[0] + (columns * pixel_mm[1] - centre[1]) * across[1])
    )
