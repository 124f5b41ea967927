"""A boundary that costs less: labels are polygons drawn by hand, and where exactly a lesion ends is not known.

Voxels within a few pixels of the boundary of a delineation weigh less, the less the nearer, on both sides. Two readers
who outline the same lesion differ by about a millimeter, which would otherwise be trained like a missed lesion.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional

_LOWEST = 0.2  # the weight on the boundary itself


def edge_weights(mask: Tensor, edge_px: float) -> Tensor:
    """(N, 1, H, W) weights of the voxels of masks (N, 1, H, W): 0.2 at a boundary, rising to 1 at `edge_px` from it."""
    weights = np.stack([_of_slice(one, edge_px) for one in mask[:, 0].cpu().numpy() > 0])
    return torch.from_numpy(weights)[:, None].to(mask.device)


def weighted_cross_entropy(logits: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """The mean cross-entropy of the voxels, weighted: a scalar."""
    each = functional.binary_cross_entropy_with_logits(logits, mask, reduction="none")
    return (weights * each).sum() / weights.sum()


def weighted_tversky(logits: Tensor, mask: Tensor, weights: Tensor, beta: float, *, each: bool = False) -> Tensor:
    """The Tversky loss in which every voxel counts by its weight: over the batch, or with `each` the mean of slices."""
    axes = (1, 2, 3) if each else (0, 1, 2, 3)
    p = logits.sigmoid()
    hit = (weights * p * mask).sum(axes)
    false, missed = (weights * p * (1 - mask)).sum(axes), (weights * (1 - p) * mask).sum(axes)
    return (1 - (hit + _SMALL) / (hit + (1 - beta) * false + beta * missed + _SMALL)).mean()


_SMALL = 1e-5  # as in MONAI, which keeps slices without hemorrhage at 0


def _of_slice(mask: NDArray[np.bool_], edge_px: float) -> NDArray[np.float32]:
    if not mask.any() or mask.all():
        return np.ones(mask.shape, np.float32)
    # Half a pixel on either side of the boundary between two pixels.
    distance = distance_transform_edt(mask) + distance_transform_edt(~mask) - 0.5
    return np.asarray(_LOWEST + (1 - _LOWEST) * np.clip(distance / edge_px, 0, 1), np.float32)
