"""FCN-8s: VGG-16 as a fully convolutional network (Long, Shelhamer and Darrell 2015, arXiv:1411.4038)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.building import scaled
from ichor.nets.vgg import VGG16
from ichor.nets.windowing import Windowing
from ichor.windows import GrayWindow

_HIDDEN, _SIDE = 4096, 7


class FCN8(nn.Module):
    """From HU (N, C, H, W) to `logits` (N, 1, H, W): scores of three depths of VGG-16, added and upsampled.

    The fully connected layers of VGG-16 are convolutions of the same size. Upsampling is bilinear; `batch_norm` is as
    in `ichor.nets.vgg`.
    """

    def __init__(
        self, channels: Sequence[tuple[int, GrayWindow]], width: float = 1.0, *, batch_norm: bool = False
    ) -> None:
        super().__init__()
        self.windowing = Windowing(channels)
        self.input_channels = 1 + max(source for source, _ in channels)
        self.stages = VGG16(len(channels), 1, width, batch_norm=batch_norm, pooled_head=True).stages
        hidden = scaled(_HIDDEN, width)
        self.convolved = nn.Sequential(
            *(nn.Conv2d(scaled(512, width), hidden, _SIDE, padding=_SIDE // 2), nn.ReLU(inplace=True), nn.Dropout()),
            *(nn.Conv2d(hidden, hidden, 1), nn.ReLU(inplace=True), nn.Dropout()),
        )
        depths = (scaled(256, width), scaled(512, width), hidden)
        self.scores = nn.ModuleList(nn.Conv2d(n, 1, 1) for n in depths)
        for score in self.scores:
            nn.init.zeros_(score.weight)
            nn.init.zeros_(score.bias)
        nn.init.constant_(self.scores[-1].bias, -4.0)  # hemorrhage is rare: start from its frequency

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The logits of a batch."""
        x, found = self.windowing(hu), []
        for stage in self.stages:
            x = functional.max_pool2d(stage(x), 2)
            found.append(x)
        logits = self.scores[2](self.convolved(x))
        for score, maps in ((self.scores[1], found[3]), (self.scores[0], found[2])):
            logits = _enlarged(logits, maps.shape[-2:]) + score(maps)
        return {"logits": _enlarged(logits, hu.shape[-2:])}


def _enlarged(maps: Tensor, size: Sequence[int] | torch.Size) -> Tensor:
    return functional.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)
