"""RADnet: a DenseNet of 40 layers with an auxiliary segmentation after each of its three blocks.

Grewal et al. 2018, arXiv:1710.04934, as Hssayeni et al. 2019 (section 2) review it: each auxiliary task is a
convolution followed by a deconvolution, which upsamples the maps to the size of the image.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.building import pooled
from ichor.nets.densenet import DenseNet40
from ichor.nets.slice_classifier import N_LOGITS
from ichor.nets.windowing import Windowing
from ichor.windows import GrayWindow


class RADnet(nn.Module):
    """From HU (N, C, H, W) to `slice_logits` (N,), `subtype_logits` (N, 5), `auxiliary_maps` (3, N, 1, H, W) and their
    mean, `logits` (N, 1, H, W).

    `channels` are pairs of an input channel and a gray window; `stem_stride` is that of the first convolution.
    """

    def __init__(self, channels: Sequence[tuple[int, GrayWindow]], width: float = 1.0, *, stem_stride: int = 2) -> None:
        super().__init__()
        self.windowing = Windowing(channels)
        self.input_channels = 1 + max(source for source, _ in channels)
        self.backbone = DenseNet40(len(channels), N_LOGITS, width, stem_stride=stem_stride)
        self.n_features = self.backbone.n_features
        strides = [stem_stride * 2**block for block in range(3)]
        self.auxiliary = nn.ModuleList(
            nn.Sequential(nn.Conv2d(n, 1, 1), nn.ConvTranspose2d(1, 1, 2 * stride, stride, stride // 2))
            for n, stride in zip(self.backbone.block_features, strides, strict=True)
        )
        for head, stride in zip(self.auxiliary, strides, strict=True):
            _start_bilinear(head[1], stride)
            nn.init.constant_(head[0].bias, -4.0)  # hemorrhage is rare: start from its frequency

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for a batch."""
        _, maps, outputs = self.features(hu)
        logits = self.backbone.classify(maps)
        return {**outputs, "slice_logits": logits[:, 0], "subtype_logits": logits[:, 1:]}

    def features(self, hu: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """The means (N, F) of the last maps, these maps, and the segmentations."""
        blocks = self.backbone.pyramid(self.windowing(hu))
        maps = torch.stack(
            [_of_size(head(block), hu.shape[-1]) for head, block in zip(self.auxiliary, blocks, strict=True)]
        )
        return pooled(blocks[-1]), blocks[-1], {"auxiliary_maps": maps, "logits": maps.mean(dim=0)}


def _of_size(maps: Tensor, side: int) -> Tensor:
    """Maps cropped or extended to `side` pixels, which odd sizes need."""
    missing = max(0, side - maps.shape[-1])
    return functional.pad(maps, (0, missing, 0, missing), mode="replicate")[..., :side, :side]


def _start_bilinear(layer: nn.ConvTranspose2d, stride: int) -> None:
    """Bilinear interpolation as the initial weights of an upsampling layer (Long et al. 2015, arXiv:1411.4038)."""
    place = torch.arange(layer.kernel_size[0], dtype=torch.float32)
    line = 1 - (place - (stride - 0.5)).abs() / stride
    with torch.no_grad():
        layer.weight.copy_(line[:, None] * line)
        nn.init.zeros_(layer.bias)
