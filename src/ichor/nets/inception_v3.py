"""Inception-v3 (Szegedy et al. 2016, arXiv:1512.00567), in the layout of its authors' released model."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.building import Backbone, Branches, ConvNorm, inception_stem, initialize, pooled, scaled

PARAMETERS = 23_834_568  # with 3 channels and 1000 classes
PARAMETERS_WITH_AUXILIARY = 27_161_264
_SMALLEST_FOR_AUXILIARY = 5  # side of the maps that the auxiliary classifier sees, after its pooling


class InceptionV3(Backbone):
    """A stem of convolutions, then eleven inception modules; images of 75 x 75 pixels or more."""

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        *,
        auxiliary: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()

        def n(filters: int) -> int:
            return scaled(filters, width)

        self.stem = nn.Sequential(*inception_stem(channels, width))
        n_in, modules = n(192), []
        for pool in (32, 64, 64):
            modules.append(_module_a(n_in, n(pool), width))
            n_in = n(64) + n(64) + n(96) + n(pool)
        modules.append(_reduction_a(n_in, width))
        n_in += n(384) + n(96)
        for inner in (128, 160, 160, 192):
            modules.append(_module_b(n_in, n(inner), width))
            n_in = 4 * n(192)
        self.body = nn.Sequential(*modules)
        self.auxiliary = _Auxiliary(n_in, classes, width) if auxiliary else None
        modules = [_reduction_b(n_in, width)]
        n_in += n(320) + n(192)
        for _ in range(2):
            modules.append(_module_c(n_in, width))
            n_in = n(320) + 4 * n(384) + n(192)
        self.top = nn.Sequential(*modules)
        self.n_features = n_in
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_in, classes)
        initialize(self)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps, at about 1/32 of the resolution."""
        return self.top(self.body(self.stem(x)))

    def classify(self, maps: Tensor) -> Tensor:
        """The logits (N, classes)."""
        return self.head(self.dropout(pooled(maps)))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The logits (N, classes); in training, those of the auxiliary classifier follow."""
        middle = self.body(self.stem(x))
        found = [self.classify(self.top(middle))]
        return [*found, self.auxiliary(middle)] if self.training and self.auxiliary is not None else found


class _Auxiliary(nn.Module):
    def __init__(self, n_in: int, classes: int, width: float) -> None:
        super().__init__()
        self.narrow = ConvNorm(n_in, scaled(128, width), 1)
        self.wide = ConvNorm(scaled(128, width), scaled(768, width), _SMALLEST_FOR_AUXILIARY)
        self.head = nn.Linear(scaled(768, width), classes)

    def forward(self, maps: Tensor) -> Tensor:
        x = self.narrow(functional.avg_pool2d(maps, 5, stride=3))
        missing = max(0, _SMALLEST_FOR_AUXILIARY - x.shape[-1])  # of images smaller than the published 299 pixels
        return self.head(pooled(self.wide(functional.pad(x, (0, missing, 0, missing)))))


def _average(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), ConvNorm(n_in, n_out, 1))


def _module_a(n_in: int, pool: int, width: float) -> Branches:
    n48, n64, n96 = (scaled(k, width) for k in (48, 64, 96))
    return Branches(
        ConvNorm(n_in, n64, 1),
        nn.Sequential(ConvNorm(n_in, n48, 1), ConvNorm(n48, n64, 5, padding=2)),
        nn.Sequential(ConvNorm(n_in, n64, 1), ConvNorm(n64, n96, 3, padding=1), ConvNorm(n96, n96, 3, padding=1)),
        _average(n_in, pool),
    )


def _reduction_a(n_in: int, width: float) -> Branches:
    n64, n96, n384 = (scaled(k, width) for k in (64, 96, 384))
    return Branches(
        ConvNorm(n_in, n384, 3, stride=2),
        nn.Sequential(ConvNorm(n_in, n64, 1), ConvNorm(n64, n96, 3, padding=1), ConvNorm(n96, n96, 3, stride=2)),
        nn.MaxPool2d(3, stride=2),
    )


def _row(n_in: int, n_out: int, length: int) -> ConvNorm:
    return ConvNorm(n_in, n_out, (1, length), padding=(0, length // 2))


def _column(n_in: int, n_out: int, length: int) -> ConvNorm:
    return ConvNorm(n_in, n_out, (length, 1), padding=(length // 2, 0))


def _module_b(n_in: int, c: int, width: float) -> Branches:
    n192 = scaled(192, width)
    return Branches(
        ConvNorm(n_in, n192, 1),
        nn.Sequential(ConvNorm(n_in, c, 1), _row(c, c, 7), _column(c, n192, 7)),
        nn.Sequential(ConvNorm(n_in, c, 1), _column(c, c, 7), _row(c, c, 7), _column(c, c, 7), _row(c, n192, 7)),
        _average(n_in, n192),
    )


def _reduction_b(n_in: int, width: float) -> Branches:
    n192, n320 = scaled(192, width), scaled(320, width)
    return Branches(
        nn.Sequential(ConvNorm(n_in, n192, 1), ConvNorm(n192, n320, 3, stride=2)),
        nn.Sequential(
            ConvNorm(n_in, n192, 1), _row(n192, n192, 7), _column(n192, n192, 7), ConvNorm(n192, n192, 3, stride=2)
        ),
        nn.MaxPool2d(3, stride=2),
    )


def _module_c(n_in: int, width: float) -> Branches:
    n192, n320, n384, n448 = (scaled(k, width) for k in (192, 320, 384, 448))

    def split() -> Branches:
        return Branches(_row(n384, n384, 3), _column(n384, n384, 3))

    return Branches(
        ConvNorm(n_in, n320, 1),
        nn.Sequential(ConvNorm(n_in, n384, 1), split()),
        nn.Sequential(ConvNorm(n_in, n448, 1), ConvNorm(n448, n384, 3, padding=1), split()),
        _average(n_in, n192),
    )
