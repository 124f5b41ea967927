"""Inception-ResNet-v2 (Szegedy et al. 2017, arXiv:1602.07261), in the layout of its authors' released model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ichor.nets.building import Backbone, Branches, ConvNorm, inception_stem, initialize, scaled

# With 3 channels and 1000 classes: the 55,813,192 trainable weights of Keras' version, which has no scale in its batch
# norm, and the 30,272 scales.
PARAMETERS = 55_843_464
_REPEATS = (10, 20, 10)
_SCALES = (0.17, 0.10, 0.20)  # of the residual branches, by which deep residual inception networks train stably


class InceptionResNetV2(Backbone):
    """A stem, then 10, 20 and 10 residual inception blocks; images of 75 x 75 pixels or more.

    `repeats` are the numbers of blocks of the three stages.
    """

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        *,
        repeats: tuple[int, int, int] = _REPEATS,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()

        def n(filters: int) -> int:
            return scaled(filters, width)

        a = n(96) + n(64) + n(96) + n(64)
        b = a + n(384) + n(384)
        c = b + n(384) + n(288) + n(320)
        self.n_features = n(1536)
        self.body = nn.Sequential(
            *inception_stem(channels, width),
            _mixed(n(192), width),
            *(_Block(_block_a(a, width), n(32) + n(32) + n(64), a, _SCALES[0]) for _ in range(repeats[0])),
            _reduction_a(a, width),
            *(_Block(_block_b(b, width), 2 * n(192), b, _SCALES[1]) for _ in range(repeats[1])),
            _reduction_b(b, width),
            *(_Block(_block_c(c, width), n(192) + n(256), c, _SCALES[2]) for _ in range(repeats[2] - 1)),
            _Block(_block_c(c, width), n(192) + n(256), c, 1.0, last=True),
            ConvNorm(c, self.n_features, 1),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.n_features, classes)
        initialize(self)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps, at about 1/32 of the resolution."""
        return self.body(x)

    def classify(self, maps: Tensor) -> Tensor:
        """The logits (N, classes)."""
        return super().classify(self.dropout(maps))


class _Block(nn.Module):
    """Branches whose maps a 1x1 convolution reduces and adds, scaled, to the input."""

    def __init__(self, branches: Branches, n_branches: int, n: int, scale: float, *, last: bool = False) -> None:
        super().__init__()
        self.branches, self.up = branches, nn.Conv2d(n_branches, n, 1)
        self.scale, self.last = scale, last

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.scale * self.up(self.branches(x))
        return x if self.last else torch.relu(x)


def _mixed(n_in: int, width: float) -> Branches:
    n48, n64, n96 = (scaled(k, width) for k in (48, 64, 96))
    return Branches(
        ConvNorm(n_in, n96, 1),
        nn.Sequential(ConvNorm(n_in, n48, 1), ConvNorm(n48, n64, 5, padding=2)),
        nn.Sequential(ConvNorm(n_in, n64, 1), ConvNorm(n64, n96, 3, padding=1), ConvNorm(n96, n96, 3, padding=1)),
        nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), ConvNorm(n_in, n64, 1)),
    )


def _block_a(n_in: int, width: float) -> Branches:
    n32, n48, n64 = (scaled(k, width) for k in (32, 48, 64))
    return Branches(
        ConvNorm(n_in, n32, 1),
        nn.Sequential(ConvNorm(n_in, n32, 1), ConvNorm(n32, n32, 3, padding=1)),
        nn.Sequential(ConvNorm(n_in, n32, 1), ConvNorm(n32, n48, 3, padding=1), ConvNorm(n48, n64, 3, padding=1)),
    )


def _reduction_a(n_in: int, width: float) -> Branches:
    n256, n384 = scaled(256, width), scaled(384, width)
    return Branches(
        ConvNorm(n_in, n384, 3, stride=2),
        nn.Sequential(ConvNorm(n_in, n256, 1), ConvNorm(n256, n256, 3, padding=1), ConvNorm(n256, n384, 3, stride=2)),
        nn.MaxPool2d(3, stride=2),
    )


def _reduction_b(n_in: int, width: float) -> Branches:
    n256, n288, n320, n384 = (scaled(k, width) for k in (256, 288, 320, 384))
    return Branches(
        nn.Sequential(ConvNorm(n_in, n256, 1), ConvNorm(n256, n384, 3, stride=2)),
        nn.Sequential(ConvNorm(n_in, n256, 1), ConvNorm(n256, n288, 3, stride=2)),
        nn.Sequential(ConvNorm(n_in, n256, 1), ConvNorm(n256, n288, 3, padding=1), ConvNorm(n288, n320, 3, stride=2)),
        nn.MaxPool2d(3, stride=2),
    )


def _block_b(n_in: int, width: float) -> Branches:
    return _factorized(n_in, (128, 160, 192), 7, width)


def _block_c(n_in: int, width: float) -> Branches:
    return _factorized(n_in, (192, 224, 256), 3, width)


def _factorized(n_in: int, filters: tuple[int, int, int], kernel: int, width: float) -> Branches:
    """A 1x1 convolution beside one that is followed by a row and a column of `kernel` pixels."""
    first, second, third = (scaled(k, width) for k in filters)
    side = kernel // 2
    n192 = scaled(192, width)
    return Branches(
        ConvNorm(n_in, n192, 1),
        nn.Sequential(
            ConvNorm(n_in, first, 1),
            ConvNorm(first, second, (1, kernel), padding=(0, side)),
            ConvNorm(second, third, (kernel, 1), padding=(side, 0)),
        ),
    )
