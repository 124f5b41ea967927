"""Gray windows as the first layer of a network, so that training and deployment cannot differ."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ichor.windows import GrayWindow


class Windowing(nn.Module):
    """From HU (N, C, H, W) to gray windows of selected channels, each from 0 to 1: (N, len(channels), H, W).

    `channels` lists (input channel, window) pairs.
    """

    def __init__(self, channels: Sequence[tuple[int, GrayWindow]]) -> None:
        super().__init__()
        self.sources = [source for source, _ in channels]
        low = [window.lowest_hu for _, window in channels]
        width = [window.width for _, window in channels]
        self.register_buffer("low", torch.tensor(low).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("width", torch.tensor(width).view(1, -1, 1, 1), persistent=False)

    def forward(self, hu: Tensor) -> Tensor:
        """The windowed channels."""
        return ((hu[:, self.sources] - self.low) / self.width).clamp(0, 1)
