"""GoogLeNet (Szegedy et al. 2015, arXiv:1409.4842) in two or three dimensions."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.building import CONV, MAX_POOL, NORM, Backbone, Branches, Dims, initialize, pooled, scaled

# With 3 channels and 1000 classes, as in the released Caffe model: without batch norm.
PARAMETERS = 6_998_552
PARAMETERS_WITH_AUXILIARY = 13_378_280
# Filters of each inception module: 1x1, 3x3 reduced, 3x3, 5x5 reduced, 5x5, pooled; None for max-pooling between them.
_MODULES = (
    *((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), None),
    *((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64)),
    *((112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), None),
    *((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)
_AUXILIARY_AFTER = (3, 6)  # modules 4a and 4d
_AUXILIARY_SIDE = 4


class GoogLeNet(Backbone):
    """Nine inception modules after a stem of three convolutions.

    With `auxiliary`, two further classifiers are trained in the middle of the network. With `batch_norm`, batch norm
    replaces the local response normalization and follows each convolution, as in the authors' next version (Ioffe and
    Szegedy 2015). In three dimensions all kernels are cubes, and the first two poolings and strides, which a stack of a
    few dozen slices does not allow, act within slices only.
    """

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        *,
        dims: Dims = 2,
        batch_norm: bool = False,
        auxiliary: bool = False,
    ) -> None:
        super().__init__()
        build = _Builder(dims, width, batch_norm)
        within, every = (2 if dims == 2 else (1, 2, 2)), 2
        self.stem = nn.Sequential(
            *build.conv(channels, build.n(64), 7, stride=within),
            MAX_POOL[dims](3, stride=within, padding=1),
            *([] if batch_norm else [nn.LocalResponseNorm(5)]),
            *build.conv(build.n(64), build.n(64), 1),
            *build.conv(build.n(64), build.n(192), 3),
            *([] if batch_norm else [nn.LocalResponseNorm(5)]),
            MAX_POOL[dims](3, stride=every, padding=1),
        )
        self.body, self.auxiliary = nn.ModuleList(), nn.ModuleDict()
        n_in = build.n(192)
        for number, filters in enumerate(_MODULES):
            if filters is None:
                self.body.append(MAX_POOL[dims](3, stride=every, padding=1))
                continue
            self.body.append(build.module(n_in, filters))
            n_in = sum(build.n(filters[k]) for k in (0, 2, 4, 5))
            if auxiliary and number in _AUXILIARY_AFTER:
                self.auxiliary[str(number)] = _Auxiliary(n_in, classes, build)
        self.n_features = n_in
        self.dropout = nn.Dropout(0.4)
        self.head = nn.Linear(n_in, classes)
        initialize(self)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps, at 1/32 of the resolution."""
        x = self.stem(x)
        for module in self.body:
            x = module(x)
        return x

    def classify(self, maps: Tensor) -> Tensor:
        """The logits (N, classes)."""
        return self.head(self.dropout(pooled(maps)))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The logits (N, classes); in training, those of the auxiliary classifiers follow."""
        x, further = self.stem(x), []
        for number, module in enumerate(self.body):
            x = module(x)
            if self.training and str(number) in self.auxiliary:
                further.append(self.auxiliary[str(number)](x))
        return [self.classify(x), *further]


class _Builder:
    """Builds layers of one dimension and width."""

    def __init__(self, dims: Dims, width: float, batch_norm: bool) -> None:
        self.dims, self._width, self._batch_norm = dims, width, batch_norm

    def n(self, filters: int) -> int:
        return scaled(filters, self._width)

    def conv(self, n_in: int, n_out: int, kernel: int, stride: int | tuple[int, ...] = 1) -> list[nn.Module]:
        layers: list[nn.Module] = [CONV[self.dims](n_in, n_out, kernel, stride=stride, padding=kernel // 2)]
        layers += [NORM[self.dims](n_out)] * self._batch_norm
        return [*layers, nn.ReLU(inplace=True)]

    def module(self, n_in: int, filters: tuple[int, ...]) -> Branches:
        single, reduce3, three, reduce5, five, pool = (self.n(k) for k in filters)
        return Branches(
            nn.Sequential(*self.conv(n_in, single, 1)),
            nn.Sequential(*self.conv(n_in, reduce3, 1), *self.conv(reduce3, three, 3)),
            nn.Sequential(*self.conv(n_in, reduce5, 1), *self.conv(reduce5, five, 5)),
            nn.Sequential(MAX_POOL[self.dims](3, stride=1, padding=1), *self.conv(n_in, pool, 1)),
        )


class _Auxiliary(nn.Module):
    def __init__(self, n_in: int, classes: int, build: _Builder) -> None:
        super().__init__()
        self.narrow = nn.Sequential(*build.conv(n_in, build.n(128), 1))
        hidden = build.n(1024)
        self._pool = functional.adaptive_avg_pool2d if build.dims == 2 else functional.adaptive_avg_pool3d
        self.head = nn.Sequential(
            nn.Linear(build.n(128) * _AUXILIARY_SIDE**build.dims, hidden),
            *(nn.ReLU(inplace=True), nn.Dropout(0.7), nn.Linear(hidden, classes)),
        )

    def forward(self, maps: Tensor) -> Tensor:
        return self.head(self.narrow(self._pool(maps, _AUXILIARY_SIDE)).flatten(1))
