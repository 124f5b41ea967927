"""What the classification networks share: layers in two or three dimensions, and a width multiplier."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Dims = Literal[2, 3]
CONV: dict[int, type[nn.Module]] = {2: nn.Conv2d, 3: nn.Conv3d}
NORM: dict[int, type[nn.Module]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
MAX_POOL: dict[int, type[nn.Module]] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
_FEWEST = 4


def scaled(filters: int, width: float) -> int:
    """The number of filters at a width multiplier (Howard et al. 2017, arXiv:1704.04861); at least 4 if reduced."""
    return filters if width == 1 else max(_FEWEST, round(filters * width))


def pooled(maps: Tensor) -> Tensor:
    """The mean of feature maps (N, F, ...) over all positions: (N, F)."""
    return maps.flatten(2).mean(dim=2)


def initialize(network: nn.Module) -> None:
    """He initialization of all convolutions (He et al. 2015, arXiv:1502.01852); biases start at 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class ConvNorm(nn.Sequential):
    """A convolution without bias, batch norm and ReLU."""

    def __init__(
        self, n_in: int, n_out: int, kernel: int | tuple[int, int], *, eps: float = 1e-3, **of: object
    ) -> None:
        super().__init__(
            nn.Conv2d(n_in, n_out, kernel, bias=False, **of), nn.BatchNorm2d(n_out, eps=eps), nn.ReLU(inplace=True)
        )


def inception_stem(channels: int, width: float) -> list[nn.Module]:
    """The first layers of Inception-v3 and of Inception-ResNet-v2: five convolutions and two poolings, to 192 maps."""
    n32, n64, n80, n192 = (scaled(filters, width) for filters in (32, 64, 80, 192))
    return [
        ConvNorm(channels, n32, 3, stride=2),
        ConvNorm(n32, n32, 3),
        ConvNorm(n32, n64, 3, padding=1),
        nn.MaxPool2d(3, stride=2),
        ConvNorm(n64, n80, 1),
        ConvNorm(n80, n192, 3),
        nn.MaxPool2d(3, stride=2),
    ]


class Branches(nn.Module):
    """Branches that receive the same maps; their outputs are concatenated."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """The maps of all branches (N, F, ...)."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Backbone(nn.Module):
    """A classification network: `maps` gives its last feature maps, `classify` the logits of these maps.

    `n_features` is the number of maps. A network whose classifier is a single linear layer on the mean of each map
    has it as `head`; then class activation maps are defined (Zhou et al. 2016, arXiv:1512.04150).
    """

    n_features: int

    def maps(self, x: Tensor) -> Tensor:
        """The last feature maps (N, n_features, ...) of images (N, C, ...)."""
        raise NotImplementedError

    def classify(self, maps: Tensor) -> Tensor:
        """The logits (N, classes) of feature maps."""
        return self.head(pooled(maps))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The logits (N, classes); in training, those of auxiliary classifiers follow."""
        return [self.classify(self.maps(x))]
