"""The difference in density between the two sides of the head, as an input of a network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ichor.windows import GrayWindow


class BilateralDifference(nn.Module):
    """From HU (N, 1, H, W) of heads in the middle of the image to two channels: a gray window, and the difference.

    The difference is that of the window's gray from 0 to 1, averaged over `average_px` pixels, between each pixel and
    its mirror image about the middle column.
    """

    def __init__(self, window: GrayWindow, average_px: int = 5) -> None:
        super().__init__()
        self.low, self.width, self.average_px = window.lowest_hu, window.width, average_px

    def forward(self, hu: Tensor) -> Tensor:
        """The two channels."""
        gray = ((hu - self.low) / self.width).clamp(0, 1)
        smooth = functional.avg_pool2d(gray, self.average_px, stride=1, padding=self.average_px // 2)
        return torch.cat([gray, smooth - smooth.flip(-1)], dim=1)
