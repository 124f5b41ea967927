"""The agreement of two readers on a scan, in their regions and in their slice labels.

Dice, Jaccard and the distances are computed for hemorrhage of any subtype; Cohen's kappa over the slices measures
whether the readers name the same subtypes. Two readers who draw the same region with different subtypes therefore
have a high Dice and a low kappa.

Conventions: Dice and Jaccard are 1 if neither reader drew anything, and 0 if only one did. A distance is None if either
drew nothing or the spacing is unknown; distances over the scan need the positions of all slices, those on a slice only
its pixel size. Kappa is None if both readers gave the same answer for every slice, because agreement by chance is then
certain. No value is NaN, so that the result can be stored as JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.boxes import drawn_box
from ichor.annotate.project import Labels
from ichor.evaluate.overlap import Overlaps, scan_dice
from ichor.evaluate.surface import hausdorff_95, nearest_distances, surface_voxels, voxel_centres_mm
from ichor.scan import FloatArray, Scan
from ichor.subtypes import Subtype

LabelMaps = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def agreement(
    map_a: LabelMaps, map_b: LabelMaps, labels_a: Sequence[Labels], labels_b: Sequence[Labels], scan: Scan
) -> dict[str, Any]:
    """The agreement of two readers, each with a label map (n, rows, columns) and the labels of n slices.

    Returns, for the whole scan, `dice`, `jaccard`, `surface_mm` (the average symmetric surface distance) and
    `hausdorff95_mm`; `kappa` for each subtype, `any_hemorrhage` and `fracture`; and `per_slice`, the first four again
    for each slice on which either reader drew, by its index.
    Raises ValueError if the maps do not have the shape of the scan or the labels not its number of slices.
    """
    if {map_a.shape, map_b.shape} != {scan.voxels.shape}:
        raise ValueError(f"expected maps of shape {scan.voxels.shape}, found {map_a.shape} and {map_b.shape}")
    box = drawn_box([map_a, map_b])
    a, b = map_a[box] > 0, map_b[box] > 0
    overlaps = Overlaps.of(a, b)
    drawn_a, drawn_b = np.zeros((2, scan.n_slices), bool)
    drawn_a[box[0]], drawn_b[box[0]] = overlaps.predicted > 0, overlaps.reference > 0
    return {
        **_overlap(scan_dice(overlaps)),
        **_surface_of_scan(a, b, [one.start for one in box], scan),
        "kappa": _kappas(labels_a, labels_b, drawn_a, drawn_b),
        "per_slice": {
            k: {
                **_overlap(float(dice)),
                **_surface_of_slice(of_a, of_b, None if scan.pixel_mm is None else scan.pixel_mm[k]),
            }
            for k, dice, of_a, of_b in zip(range(scan.n_slices)[box[0]], overlaps.dice, a, b, strict=True)
            if of_a.any() or of_b.any()
        },
    }


def cohens_kappa(a: Mask, b: Mask) -> float | None:
    """Cohen's kappa (1960) of two readers' answers (n,) to a yes-or-no question; None if it is undefined."""
    observed = float(np.mean(a == b))
    expected = float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
    return None if expected == 1 else (observed - expected) / (1 - expected)


def _overlap(dice: float) -> dict[str, float]:
    return {"dice": dice, "jaccard": dice / (2 - dice)}


def _surface_of_scan(a: Mask, b: Mask, start: Sequence[int | None], scan: Scan) -> dict[str, float | None]:
    """The surface distances in 3-D between masks whose first voxel is at `start` (slice, row, column) of the scan."""
    if scan.pixel_mm is None or scan.positions_mm is None or not a.any() or not b.any():
        return _distances(None, None)
    points = [voxel_centres_mm(surface_voxels(one) + np.array(start, np.int64), scan) for one in (a, b)]
    return _distances(*nearest_distances(*points))


def _surface_of_slice(a: Mask, b: Mask, pixel_mm: FloatArray | None) -> dict[str, float | None]:
    """The distances between the outlines on one slice, from masks (rows, columns) and the pixel size (2,) in mm."""
    if pixel_mm is None or not a.any() or not b.any():
        return _distances(None, None)
    return _distances(*nearest_distances(surface_voxels(a) * pixel_mm, surface_voxels(b) * pixel_mm))


def _distances(there: FloatArray | None, back: FloatArray | None) -> dict[str, float | None]:
    if there is None or back is None:
        return {"surface_mm": None, "hausdorff95_mm": None}
    return {"surface_mm": float(np.r_[there, back].mean()), "hausdorff95_mm": hausdorff_95(there, back)}


def _kappas(labels_a: Sequence[Labels], labels_b: Sequence[Labels], drawn_a: Mask, drawn_b: Mask) -> dict[str, Any]:
    """Kappa of each label, from the labels of n slices and whether each has any region (n,)."""
    a, b = (answers(*one) for one in ((labels_a, drawn_a), (labels_b, drawn_b)))
    return {name: cohens_kappa(a[name], b[name]) for name in a}


def answers(labels: Sequence[Labels], drawn: Mask) -> dict[str, Mask]:
    """For each label, which of n slices have it; a region without a subtype counts only as any_hemorrhage."""
    if len(labels) != len(drawn):
        raise ValueError(f"expected labels of {len(drawn)} slices, found {len(labels)}")
    of_subtype = {one.value: np.array([one in each.subtypes for each in labels], bool) for one in Subtype}
    return {
        **of_subtype,
        "any_hemorrhage": drawn | np.any(list(of_subtype.values()), axis=0),
        "fracture": np.array([each.fracture for each in labels], bool),
    }
