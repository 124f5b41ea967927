"""Matches the lesions of a mask to those of the delineation: found, missed and false ones.

A lesion is a 3-D component of a mask, its voxels connected by a face, an edge or a corner. A lesion is found if the
mask overlaps it in at least one voxel; a predicted lesion is false if it overlaps no delineation. Components below 0.01
mL are removed from both masks first: the delineations are JPEG images, whose compression leaves specks of a pixel or
two, while true lesions of ct-ich are several times as large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.scan import FloatArray, Scan

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

SMALLEST_ML = 0.01
# Bands of lesion volume; each holds about a quarter of the lesions of ct-ich.
SIZE_BANDS_ML = {
    "under_0.5_ml": (0.0, 0.5),
    "0.5_to_2_ml": (0.5, 2.0),
    "2_to_10_ml": (2.0, 10.0),
    "10_ml_and_over": (10.0, np.inf),
}


@dataclass(frozen=True, eq=False)
class LesionMatch:
    """The k lesions of a reference matched to the m lesions of a mask.

    Attributes:
        volume_ml: (k,) of each lesion.
        found: (k,) bool, whether the mask overlaps it.
        dice: (k,) between each lesion and all predicted ones that overlap it, 0 if none does (like the lesion-wise
            Dice of BraTS 2023, without its dilation).
        touching: (m,) bool, whether each predicted lesion overlaps the reference.
    """

    volume_ml: FloatArray
    found: NDArray[np.bool_]
    dice: FloatArray
    touching: NDArray[np.bool_]


def match_lesions(mask: Mask, reference: Mask, scan: Scan) -> LesionMatch | None:
    """Match the lesions of two masks (n, rows, columns) on the grid of `scan`; None if its spacing is unknown."""
    areas, heights = scan.pixel_area_mm2, scan.slice_heights_mm
    if areas is None or heights is None:
        return None
    (box,) = ndimage.find_objects((mask | reference).view(np.uint8)) or [None]
    if box is None:
        return LesionMatch(np.empty(0), np.empty(0, bool), np.empty(0), np.empty(0, bool))
    voxel_ml = (areas * heights / 1000)[box[0]]
    predicted, predicted_px, _ = _components(mask[box], voxel_ml)
    lesions, lesion_px, lesion_ml = _components(reference[box], voxel_ml)
    k, m = len(lesion_px), len(predicted_px)
    both = (predicted > 0) & (lesions > 0)
    pairs = (lesions[both] - 1) * np.int64(m) + (predicted[both] - 1)
    shared = np.bincount(pairs, minlength=k * m).reshape(k, m)
    touches: NDArray[np.bool_] = np.asarray(shared > 0)
    dice = 2 * shared.sum(axis=1) / (lesion_px + touches @ predicted_px)
    return LesionMatch(lesion_ml, np.any(touches, axis=1), dice, np.any(touches, axis=0))


def _components(mask: Mask, voxel_ml: FloatArray) -> tuple[Labels, NDArray[np.int64], FloatArray]:
    """Components of at least SMALLEST_ML: labels from 1 (0 elsewhere), pixels of each, and volume of each."""
    labels, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    places = np.nonzero(mask)
    which = labels[places]
    pixels = np.bincount(which, minlength=count + 1).astype(np.int64)
    volume = np.bincount(which, voxel_ml[places[0]], minlength=count + 1).astype(np.float64)
    kept = volume >= SMALLEST_ML
    renumbered = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    labels[places] = renumbered[which]
    return labels, pixels[kept], volume[kept]
