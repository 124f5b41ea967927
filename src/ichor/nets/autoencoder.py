"""A convolutional autoencoder of slices whose code also says whether there is hemorrhage."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ichor.nets.building import initialize, pooled, scaled
from ichor.nets.windowing import Windowing
from ichor.windows import GrayWindow

_FILTERS = (16, 32, 64, 128)


class SliceAutoencoder(nn.Module):
    """From HU (N, 1, H, W), sides multiples of 16, to `slice_logits` (N,).

    In training also to `seen` (N, 1, H, W), the gray window from 0 to 1, and `restored`, its reconstruction from the
    code at 1/16 of the resolution.
    """

    input_channels = 1

    def __init__(self, window: GrayWindow, width: float = 1.0) -> None:
        super().__init__()
        self.windowing = Windowing([(0, window)])
        filters = [1, *(scaled(n, width) for n in _FILTERS)]
        pairs = list(pairwise(filters))
        self.encoder = nn.Sequential(
            *(layer for i, o in pairs for layer in (nn.Conv2d(i, o, 3, 2, padding=1), nn.BatchNorm2d(o), nn.ReLU()))
        )
        decoder = [
            layer
            for i, o in reversed(pairs)
            for layer in (nn.ConvTranspose2d(o, i, 4, 2, padding=1), nn.BatchNorm2d(i), nn.ReLU())
        ]
        self.decoder = nn.Sequential(*decoder[:-2], nn.Sigmoid())
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(2 * filters[-1], 1))
        initialize(self)

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for a batch."""
        seen = self.windowing(hu)
        code = self.encoder(seen)
        called = self.head(torch.cat([pooled(code), code.flatten(2).amax(dim=2)], dim=1))
        outputs = {"slice_logits": called[:, 0]}
        return {**outputs, "seen": seen, "restored": self.decoder(code)} if self.training else outputs
