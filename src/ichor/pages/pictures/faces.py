"""Keeps faces out of pictures: finds slices above the orbits, and below them crops that show no orbit or nose.

The images are CT scans of real people whose faces were not blurred. Both rules are conservative and based on
measurement rather than recognition, so they work for any face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from ichor.anatomy.head import HEAD_ABOVE_HU, find_head
from ichor.scan import Scan

# Whole slices are shown within this share of the head's length below the vertex. In all 82 subjects of ct-ich,
# including children and rotated or tilted heads, each inspected by eye, the highest orbit begins at 0.34.
CRANIAL_WITHIN = 0.30
# The distance from the vertex to the widest slice, as a share of the head's length.
_VERTEX_TO_WIDEST = 0.45
# Fat or air inside the head wider than twice this share of its length: orbits, sinuses, nose, mastoid. Fat or air under
# the scalp, in a fracture or inside the skull is mostly thinner. Of the 368 crops around lesions below the cranial
# level in ct-ich, 49 contain such a pocket; the other 319 were inspected by eye, and none shows an orbit or a nose, nor
# does any of the six crops around the larger part of a lesion in several parts.
_POCKET = 0.010
_SPECK_PX = 4  # structures thinner than twice this, such as a strap, are not part of the head


def cranial(scan: Scan) -> NDArray[np.bool_]:
    """(n,) the slices that are safely above the orbits; none if the scan's spacing is unknown.

    A scan may end below the vertex: the missing height is estimated from the widths of the highest and the widest
    slice, assuming an ellipsoid. A scan that does not narrow towards the vertex has no such slice.
    """
    heights_mm = scan.slice_positions_mm
    head = find_head(scan)
    width = np.nan_to_num(head.width)
    if heights_mm is None or scan.pixel_mm is None or not width.any():
        return np.zeros(scan.n_slices, bool)
    top = int(np.flatnonzero(width)[-1])
    beyond = _VERTEX_TO_WIDEST * (1 - np.sqrt(1 - (width[top] / width.max()) ** 2))
    length_mm = max(head.extent) * float(scan.pixel_mm.mean())
    below = beyond + (heights_mm[top] - heights_mm) / length_mm
    return np.asarray((width > 0) & (below <= CRANIAL_WITHIN))


def head_on(hu: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(rows, columns) the largest region denser than fat on a slice (rows, columns); empty if there is none."""
    dense = ndimage.binary_opening(hu > HEAD_ABOVE_HU, iterations=_SPECK_PX)
    labels, count = ndimage.label(dense)
    if not count:
        return np.zeros(hu.shape, bool)
    return np.asarray(labels == 1 + np.bincount(labels.ravel())[1:].argmax())


def pockets(hu: NDArray[np.floating], head_length_px: float) -> NDArray[np.bool_]:
    """(rows, columns) the inner pixels of all wide pockets of fat or air inside the head's convex hull on a slice.

    A crop without any of these pixels shows no orbit, no sinus and no nose. `hu` is (rows, columns).
    """
    points = np.argwhere(head_on(hu))[:, ::-1]
    if not points.size:
        return np.zeros(hu.shape, bool)
    corners = points[ConvexHull(points).vertices]
    hull = Image.new("1", (hu.shape[1], hu.shape[0]))
    ImageDraw.Draw(hull).polygon([(int(x), int(y)) for x, y in corners], fill=1)
    low = np.asarray(hull) & (hu <= HEAD_ABOVE_HU)
    return np.asarray(ndimage.distance_transform_edt(low) > _POCKET * head_length_px)
