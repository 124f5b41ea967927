"""A cascade of classifiers that decide on hemorrhage, and segmenters for the slices that have it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Cascade(nn.Module):
    """From HU (N, C, H, W) to `slice_probability` (N,), `subtype_probability` (N, 5) and `probability` (N, H, W).

    A slice is as probable as the surest of the classifiers says, and so are its subtypes. A voxel is as probable as the
    surest of the segmenters says, times the slice's probability.
    """

    def __init__(self, classifiers: Sequence[nn.Module], segmenters: Sequence[nn.Module]) -> None:
        super().__init__()
        self.classifiers, self.segmenters = nn.ModuleList(classifiers), nn.ModuleList(segmenters)
        self.input_channels = classifiers[0].input_channels

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for a batch."""
        called = [one(hu) for one in self.classifiers]
        found = torch.stack([one["slice_logits"] for one in called]).amax(dim=0).float().sigmoid()
        subtypes = torch.stack([one["subtype_logits"] for one in called]).amax(dim=0).float().sigmoid()
        marked = torch.stack([one(hu)["logits"][:, 0] for one in self.segmenters]).amax(dim=0).float().sigmoid()
        return {
            "slice_probability": found,
            "subtype_probability": subtypes,
            "probability": marked * found[:, None, None],
        }
