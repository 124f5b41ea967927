"""No face in any picture: which slices lie above the orbits, and where below that level a crop shows no orbit or nose.

The images are CT scans of real people whose faces were not blurred. Both rules are conservative, and a method of
measuring, not of recognising: they hold whatever the face looks like.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from ichor.anatomy.head import HEAD_ABOVE_HU, find_head
from ichor.scan import Scan

# A slice is shown whole within this share of the head's length below the vertex. On all 82 subjects of ct-ich, children
# and turned or tilted heads included, each of which was looked at, the highest orbit comes in at 0.34 of it.
CRANIAL_WITHIN = 0.30
# From the vertex to the widest slice it is about this share of the head's length.
_VERTEX_TO_WIDEST = 0.45
# Fat or air inside the head that is wider than twice this share of its length: orbits, sinuses, nose, mastoid. What
# lies under the scalp, in a fracture or free in the skull is mostly thinner. Of the 368 crops around lesions below the
# cranial level of ct-ich 49 hold such a pocket; the 319 others were looked at, and none shows an orbit or a nose, nor
# does any of the six around the larger part of a lesion in parts.
_POCKET = 0.010
_SPECK_PX = 4  # a thread of skin or a strap thinner than twice this is no part of the head


def cranial(scan: Scan) -> NDArray[np.bool_]:
    """(n,) the slices that lie safely above the orbits; none where the scan has no known spacing.

    A scan may end below the vertex: how far follows from how wide its highest slice is beside its widest, as on an
    ellipsoid. A scan that never narrows to the vertex has no such slice.
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
    """(rows, columns) the largest body denser than fat on a slice (rows, columns); empty where there is none."""
    dense = ndimage.binary_opening(hu > HEAD_ABOVE_HU, iterations=_SPECK_PX)
    labels, count = ndimage.label(dense)
    if not count:
        return np.zeros(hu.shape, bool)
    return np.asarray(labels == 1 + np.bincount(labels.ravel())[1:].argmax())


def pockets(hu: NDArray[np.floating], head_length_px: float) -> NDArray[np.bool_]:
    """(rows, columns) the depth of every wide pocket of fat or air inside the head's convex hull on a slice.

    A crop that holds none of these pixels shows no orbit, no sinus and no nose. `hu` is (rows, columns).
    """
    points = np.argwhere(head_on(hu))[:, ::-1]
    if not points.size:
        return np.zeros(hu.shape, bool)
    corners = points[ConvexHull(points).vertices]
    hull = Image.new("1", (hu.shape[1], hu.shape[0]))
    ImageDraw.Draw(hull).polygon([(int(x), int(y)) for x, y in corners], fill=1)
    low = np.asarray(hull) & (hu <= HEAD_ABOVE_HU)
    return np.asarray(ndimage.distance_transform_edt(low) > _POCKET * head_length_px)
