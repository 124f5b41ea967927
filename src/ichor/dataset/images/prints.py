"""A fingerprint of each slice that survives other file formats, pixel sizes, margins and gray windows.

The head's bounding box in the brain window is reduced to 32 x 32 pixels, of which only the fine structure is kept: what
differs from its own surroundings. Two such patterns are compared by their correlation. Scans of different heads agree
in their coarse structure (a ring of bone around gray brain), hardly in their fine one. After the idea of perceptual
hashes (Zauner 2010), without reducing the pattern to bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.orientation import to_radiological
from ichor.scan import Scan

SIDE = 32
Prints = NDArray[np.int8]  # (slices, SIDE * SIDE)
# Images on the web are often in the narrow brain window (level 40, width 80): what lies outside of it is lost there.
_LOWEST_HU, _HIGHEST_HU = 0.0, 80.0
_HEAD_ABOVE, _LEAST_HEAD = 0.05, 0.05
_SMOOTHED_PX, _MARGIN_PX, _MOST = 2.0, 2, 0.15


def prints_of(scan: Scan) -> Prints:
    """The fingerprint of each slice that shows a head, (m, 1024) int8; m is at most the scan's number of slices."""
    found = [_print(one) for one in to_radiological(np.asarray(scan.hu), scan)]
    kept = [one for one in found if one is not None]
    return np.stack(kept) if kept else np.empty((0, SIDE * SIDE), np.int8)


def turned(prints: Prints) -> list[Prints]:
    """The fingerprints as stored, mirrored, turned upside down and transposed: 8 times (m, 1024)."""
    square = prints.reshape(-1, SIDE, SIDE)
    both = (square, square.transpose(0, 2, 1))
    every = [one[:, ::rows, ::columns] for one in both for rows in (1, -1) for columns in (1, -1)]
    return [np.ascontiguousarray(one).reshape(prints.shape) for one in every]


def correlation(first: Prints, second: Prints) -> NDArray[np.float32]:
    """(m, k) the correlation of each of m slices with each of k."""
    return np.asarray(_unit(first) @ _unit(second).T, np.float32)


def _unit(prints: Prints) -> NDArray[np.float32]:
    floats = prints.astype(np.float32)
    return np.asarray(floats / np.linalg.norm(floats, axis=1, keepdims=True), np.float32)


def _print(hu: NDArray[np.generic]) -> Prints | None:
    gray = np.clip((np.asarray(hu, np.float32) - _LOWEST_HU) / (_HIGHEST_HU - _LOWEST_HU), 0, 1)
    labels, n = ndimage.label(gray > _HEAD_ABOVE)
    if n == 0:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    head = labels == sizes.argmax()
    if head.sum() < _LEAST_HEAD * head.size:
        return None
    rows, columns = (np.flatnonzero(head.any(axis=axis)) for axis in (1, 0))
    box = (gray * head)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = _shares(box.shape[0]) @ box @ _shares(box.shape[1]).T
    fine = small - ndimage.gaussian_filter(small, _SMOOTHED_PX)
    fine[:_MARGIN_PX] = fine[-_MARGIN_PX:] = 0  # where the box is off by a pixel, the edge of the head is, too
    fine[:, :_MARGIN_PX] = fine[:, -_MARGIN_PX:] = 0
    stored = np.rint(np.clip(fine / _MOST, -1, 1) * 127).astype(np.int8).ravel()
    return stored if stored.any() else None


def _shares(n: int) -> NDArray[np.float32]:
    """(SIDE, n) the share of each of n pixels in each of SIDE larger (or smaller) ones, which average over them."""
    edges = np.linspace(0, n, SIDE + 1)
    pixels = np.arange(n)
    inside = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares = np.clip(inside, 0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
