"""PatchFCN: a dilated residual network with a classifier at each position (Kuo et al. 2018, arXiv:1806.03265)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.drn import DRN
from ichor.nets.windowing import Windowing
from ichor.windows import GrayWindow


class PatchFCN(nn.Module):
    """From HU (N, C, H, W) to `logits` (N, 1, H, W), upsampled from 1/8 of the resolution.

    `depth` and `width` are those of the dilated residual network; `channels` are pairs of an input channel and a gray
    window.
    """

    def __init__(self, depth: int, channels: Sequence[tuple[int, GrayWindow]], width: float = 1.0) -> None:
        super().__init__()
        self.windowing = Windowing(channels)
        self.input_channels = 1 + max(source for source, _ in channels)
        backbone = DRN(depth, len(channels), 1, width)
        self.body = backbone.body
        self.head = nn.Conv2d(backbone.n_features, 1, 1)
        nn.init.constant_(self.head.bias, -4.0)  # hemorrhage is rare: start from its frequency

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The logits of a batch."""
        coarse = self.head(self.body(self.windowing(hu)))
        return {"logits": functional.interpolate(coarse, size=hu.shape[-2:], mode="bilinear", align_corners=False)}
