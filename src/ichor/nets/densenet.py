"""DenseNet in its basic form of three blocks (Huang et al. 2017, arXiv:1608.06993): 40 layers at growth rate 12."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ichor.nets.building import Backbone, initialize, scaled

# With 3 channels and 10 classes, as for CIFAR: the paper's Table 2 has 1.0 million.
PARAMETERS = 1_019_722
_GROWTH, _LAYERS, _FIRST = 12, 12, 16


class DenseNet40(Backbone):
    """Three dense blocks of twelve 3x3 convolutions, each of which sees the maps of all before it in its block.

    `stem_stride` is that of the first convolution: 1 for the published images of 32 x 32 pixels; larger images need a
    coarser grid.
    """

    def __init__(
        self, channels: int = 3, classes: int = 10, width: float = 1.0, *, stem_stride: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        growth, n = scaled(_GROWTH, width), scaled(_FIRST, width)
        self.stem = nn.Conv2d(channels, n, 3, stride=stem_stride, padding=1, bias=False)
        self.blocks, self.transitions = nn.ModuleList(), nn.ModuleList()
        self.block_features: list[int] = []
        for block in range(3):
            if block:
                self.transitions.append(_transition(n))
            self.blocks.append(nn.Sequential(*(_Layer(n + k * growth, growth, dropout) for k in range(_LAYERS))))
            n += _LAYERS * growth
            self.block_features.append(n)
        self.last = nn.Sequential(nn.BatchNorm2d(n), nn.ReLU(inplace=True))
        self.n_features = n
        self.head = nn.Linear(n, classes)
        initialize(self)

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """The maps after each of the three blocks, each at half the resolution of the one before."""
        found, x = [], self.stem(x)
        for number, block in enumerate(self.blocks):
            x = block(self.transitions[number - 1](x) if number else x)
            found.append(x)
        found[-1] = self.last(found[-1])
        return found

    def maps(self, x: Tensor) -> Tensor:
        """The last maps."""
        return self.pyramid(x)[-1]


class _Layer(nn.Module):
    def __init__(self, n_in: int, growth: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(n_in),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_in, growth, 3, padding=1, bias=False),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.body(x)], dim=1)


def _transition(n: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(n), nn.ReLU(inplace=True), nn.Conv2d(n, n, 1, bias=False), nn.AvgPool2d(2))
