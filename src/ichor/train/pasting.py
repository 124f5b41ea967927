"""Lesions of one slice pasted into another slice without hemorrhage, which increases the number of heads with
hemorrhage.

After copy-paste augmentation (Ghiasi et al. 2021, arXiv:2012.07177). The source is aligned with the target by the
bounding boxes of their cranial cavities, so that lesions along the inner table stay there, mirrored or not. Lesions are
pasted only into soft tissue within the skull, and their edges are blended over a pixel, like partial volume.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ichor.anatomy.skull import enclosed

_CPU = torch.device("cpu")
# Brain, cerebrospinal fluid and blood, including noise; not fat or bone.
_TISSUE_HU = (-10.0, 95.0)
# A lesion with a smaller fraction in soft tissue does not fit this slice.
_MIN_FRACTION = 0.6
# Lower than elsewhere, so that lesions are not pasted into thin or blurred bone.
_BONE_ABOVE_HU = 150
# Gaps in the skull up to twice this width in pixels are bridged: sutures, fractures and partial volume.
_GAP_PX = 2
# Smaller enclosed areas are sinuses and mastoid cells rather than the cranial cavity.
_MIN_CAVITY_PX = 400


class Pasting:
    """Pastes lesions between slices with the same field of view.

    `hu` is (S, H, W) int16, `neighbours` (S, C) the slices shown with each, `mask` (S, H, W) bool. `sources` are the
    slices with a lesion to paste.
    """

    def __init__(self, hu: NDArray[np.int16], neighbours: NDArray[np.int64], mask: NDArray[np.bool_]) -> None:
        self._hu, self._mask, self._neighbours = torch.from_numpy(hu), torch.from_numpy(mask), neighbours
        cavities = np.stack([_cavity(one) for one in hu])
        self._boxes = [_box(one) for one in cavities]
        self._cavities = torch.from_numpy(cavities)
        self.sources = np.flatnonzero(mask.any(axis=(1, 2)) & cavities.any(axis=(1, 2)))

    def paste(
        self, target: int, source: int, mirror: bool, opacity: float = 1.0, device: torch.device = _CPU
    ) -> tuple[Tensor, Tensor] | None:
        """The target's slices (C, H, W) in HU with the source's lesion, and the mask of its slice (H, W) bool.

        Both are computed and returned on `device`.

        With `opacity` below 1 the lesion is fainter: a blend with the target's own tissue. None if too little of the
        lesion would be in soft tissue within the target's skull.
        """
        box, box_of_source = self._boxes[target], self._boxes[source]
        if box is None or box_of_source is None:
            return None
        shape = self._mask.shape[1:]
        into, out_of = self._neighbours[target], self._neighbours[source]
        slices = self._hu[out_of].to(device).to(torch.float32)
        lesions = self._mask[out_of].to(device).to(torch.float32)
        grid = _grid(box, box_of_source, mirror, shape).to(device)
        both = functional.grid_sample(torch.cat([slices, lesions])[None], grid, align_corners=False)[0]
        slices, lesions = both.chunk(2)
        tissue_hu = self._hu[into].to(device).to(torch.float32)
        tissue = self._cavities[into].to(device) & (tissue_hu > _TISSUE_HU[0]) & (tissue_hu < _TISSUE_HU[1])
        alpha = opacity * functional.avg_pool2d(lesions, 3, 1, 1, count_include_pad=False) * tissue
        middle = len(into) // 2
        whole = lesions[middle] > 0.5
        mask = whole & tissue[middle]
        if not mask.any() or mask.sum() < _MIN_FRACTION * whole.sum():
            return None
        return tissue_hu * (1 - alpha) + slices * alpha, mask


def _cavity(hu: NDArray[np.int16]) -> NDArray[np.bool_]:
    """(H, W) the area enclosed by the skull on a slice."""
    cavity = enclosed(hu > _BONE_ABOVE_HU, _GAP_PX)
    return cavity if cavity.sum() >= _MIN_CAVITY_PX else np.zeros(hu.shape, bool)


def _box(cavity: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """(first row, last row, first column, last column) of the cavity; None if it is empty."""
    if not cavity.any():
        return None
    rows, columns = np.flatnonzero(cavity.any(axis=1)), np.flatnonzero(cavity.any(axis=0))
    return np.array([rows[0], rows[-1], columns[0], columns[-1]], np.float64)


def _grid(target: NDArray[np.float64], source: NDArray[np.float64], mirror: bool, shape: tuple[int, ...]) -> Tensor:
    """(1, H, W, 2) the source position of each target pixel, in torch's (x, y) from -1 to 1."""
    places = []
    for axis, size in enumerate(shape):
        (a, b), (c, d) = target[2 * axis : 2 * axis + 2], source[2 * axis : 2 * axis + 2]
        along = c + (np.arange(size) - a) * ((d - c) / max(b - a, 1.0))
        if mirror and axis == 1:
            along = c + d - along
        places.append(torch.from_numpy((2 * along + 1) / size - 1).to(torch.float32))
    y, x = torch.meshgrid(*places, indexing="ij")
    return torch.stack([x, y], dim=-1)[None]
