"""ResNet-18 and ResNet-50 (He et al. 2016, arXiv:1512.03385).

In ResNet-50, the stride is that of the 3x3 convolution, as in most later implementations ("v1.5").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ichor.nets.building import Backbone, initialize, scaled

PARAMETERS = {18: 11_689_512, 50: 25_557_032}  # with 3 channels and 1000 classes
_BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}
_FILTERS = (64, 128, 256, 512)
_EXPANSION = 4  # of a bottleneck


class ResNet(Backbone):
    """A 7x7 convolution, max-pooling, and four stages of residual blocks; `depth` is 18 or 50."""

    def __init__(self, depth: int = 18, channels: int = 3, classes: int = 1000, width: float = 1.0) -> None:
        super().__init__()
        filters = [scaled(n, width) for n in _FILTERS]
        self.stem = nn.Sequential(
            nn.Conv2d(channels, filters[0], 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(filters[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stages = nn.ModuleList()
        n_in = filters[0]
        for stage, (n, repeats) in enumerate(zip(filters, _BLOCKS[depth], strict=True)):
            blocks: list[nn.Module] = []
            for k in range(repeats):
                block = _Residual(n_in, n, 2 if stage and not k else 1, bottleneck=depth == 50)
                blocks.append(block)
                n_in = block.n_out
            self.stages.append(nn.Sequential(*blocks))
        self.n_features = n_in
        self.head = nn.Linear(n_in, classes)
        initialize(self)

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """The maps after each stage, at 1/4, 1/8, 1/16 and 1/32 of the resolution."""
        found, x = [], self.stem(x)
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found

    def maps(self, x: Tensor) -> Tensor:
        """The last maps, at 1/32 of the resolution."""
        return self.pyramid(x)[-1]


class _Residual(nn.Module):
    """Two 3x3 convolutions, or a bottleneck of 1x1, 3x3 and 1x1, added to the input."""

    def __init__(self, n_in: int, n: int, stride: int, *, bottleneck: bool) -> None:
        super().__init__()
        self.n_out = n * _EXPANSION if bottleneck else n
        shapes = [(n_in, n, 1, 1), (n, n, 3, stride), (n, self.n_out, 1, 1)]
        if not bottleneck:
            shapes = [(n_in, n, 3, stride), (n, n, 3, 1)]
        layers: list[nn.Module] = []
        for i, o, kernel, step in shapes:
            layers += [nn.Conv2d(i, o, kernel, step, padding=kernel // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
        self.body = nn.Sequential(*layers[:-1])
        same = stride == 1 and n_in == self.n_out
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(n_in, self.n_out, 1, stride, bias=False), nn.BatchNorm2d(self.n_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))
