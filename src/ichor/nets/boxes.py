"""Boxes on images: sampling features in them, pasting masks back, and their overlap.

A box is (center row, center column, height, width) in fractions of the image.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_LEAST = 1e-3


def crop(maps: Tensor, boxes: Tensor, side: int) -> Tensor:
    """(N, K, F, side, side): the maps (N, F, h, w) sampled in the boxes (N, K, 4).

    Bilinear at one point for each cell, as RoIAlign (He et al. 2017, arXiv:1703.06870) with one sample.
    """
    n, k = boxes.shape[:2]
    line = (torch.arange(side, device=maps.device, dtype=torch.float32) + 0.5) / side - 0.5
    rows = boxes[..., 0:1] + line * boxes[..., 2:3]
    columns = boxes[..., 1:2] + line * boxes[..., 3:4]
    grid = torch.stack(
        [columns[:, :, None, :].expand(-1, -1, side, -1), rows[:, :, :, None].expand(-1, -1, -1, side)], dim=-1
    )
    grid = 2 * grid.reshape(n, k * side, side, 2) - 1
    found = functional.grid_sample(maps.float(), grid, align_corners=False, padding_mode="border")
    return found.reshape(n, maps.shape[1], k, side, side).transpose(1, 2)


def paste(masks: Tensor, boxes: Tensor, side: int) -> Tensor:
    """(N, K, side, side): masks (N, K, s, s) at the place of their boxes (N, K, 4) in an image; 0 elsewhere."""
    n, k, s, _ = masks.shape
    line = (torch.arange(side, device=masks.device, dtype=torch.float32) + 0.5) / side
    rows = (line - boxes[..., 0:1]) / boxes[..., 2:3].clamp(min=_LEAST)
    columns = (line - boxes[..., 1:2]) / boxes[..., 3:4].clamp(min=_LEAST)
    grid = 2 * torch.stack(
        [columns[:, :, None, :].expand(-1, -1, side, -1), rows[:, :, :, None].expand(-1, -1, -1, side)], dim=-1
    )
    placed = functional.grid_sample(
        masks.reshape(n * k, 1, s, s), grid.reshape(n * k, side, side, 2), align_corners=False, padding_mode="zeros"
    )
    return placed.reshape(n, k, side, side)


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """(..., A, B): intersection over union of boxes (..., A, 4) with boxes (..., B, 4)."""
    one, other = one[..., :, None, :], other[..., None, :, :]
    lowest = torch.maximum(one[..., :2] - one[..., 2:] / 2, other[..., :2] - other[..., 2:] / 2)
    highest = torch.minimum(one[..., :2] + one[..., 2:] / 2, other[..., :2] + other[..., 2:] / 2)
    both = (highest - lowest).clamp(min=0).prod(dim=-1)
    return both / (one[..., 2:].prod(dim=-1) + other[..., 2:].prod(dim=-1) - both).clamp(min=1e-9)
