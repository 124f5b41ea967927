"""Dilated residual networks, type D (Yu, Koltun and Funkhouser 2017, arXiv:1705.09914): 22 and 38 layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ichor.nets.building import Backbone, initialize, scaled

# With 3 channels and 1000 classes; the paper's Table 1 has 16.4 and 26.5 million.
PARAMETERS = {22: 16_393_752, 38: 26_501_912}
_FILTERS = (16, 32, 64, 128, 256, 512, 512, 512)
_BLOCKS = {22: (1, 1, 2, 2, 2, 2, 1, 1), 38: (1, 1, 3, 4, 6, 3, 1, 1)}
_STRIDES = (1, 2, 2, 2, 1, 1, 1, 1)
_DILATIONS = (1, 1, 1, 1, 2, 4, 2, 1)
_RESIDUAL = range(2, 6)  # the other levels are plain convolutions; the last two remove gridding


class DRN(Backbone):
    """Eight levels at up to 1/8 of the resolution; dilation instead of striding widens the later ones' fields.

    `depth` is 22 or 38.
    """

    def __init__(self, depth: int = 38, channels: int = 3, classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        filters = [scaled(n, width) for n in _FILTERS]
        levels: list[nn.Module] = [*_conv(channels, filters[0], 7)]
        n_in = filters[0]
        for level, repeats in enumerate(_BLOCKS[depth]):
            n, stride, dilation = filters[level], _STRIDES[level], _DILATIONS[level]
            for k in range(repeats):
                step = 1 if k else stride
                if level in _RESIDUAL:
                    # As published, the first block of a new dilation grows into it.
                    first = 1 if dilation == 1 else dilation // 2 if not k else dilation
                    levels.append(_Residual(n_in, n, step, (first, dilation)))
                else:
                    levels += _conv(n_in, n, 3, step, dilation)
                n_in = n
        self.body = nn.Sequential(*levels)
        self.n_features = n_in
        self.head = nn.Linear(n_in, classes)
        initialize(self)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps, at 1/8 of the resolution."""
        return self.body(x)


def _conv(n_in: int, n_out: int, kernel: int, stride: int = 1, dilation: int = 1) -> list[nn.Module]:
    edge = dilation * (kernel // 2)
    return [
        nn.Conv2d(n_in, n_out, kernel, stride, padding=edge, dilation=dilation, bias=False),
        *(nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)),
    ]


class _Residual(nn.Module):
    def __init__(self, n_in: int, n: int, stride: int, dilations: tuple[int, int]) -> None:
        super().__init__()
        self.body = nn.Sequential(*_conv(n_in, n, 3, stride, dilations[0]), *_conv(n, n, 3, 1, dilations[1])[:-1])
        self.shortcut = (
            nn.Identity()
            if stride == 1 and n_in == n
            else nn.Sequential(nn.Conv2d(n_in, n, 1, stride, bias=False), nn.BatchNorm2d(n))
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))
