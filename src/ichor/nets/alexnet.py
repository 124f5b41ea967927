"""AlexNet in two or three dimensions, in its single-column form (Krizhevsky 2014, arXiv:1404.5997)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.building import CONV, MAX_POOL, NORM, Backbone, Dims, initialize, scaled

PARAMETERS = 61_100_840  # in two dimensions, with 3 channels and 1000 classes
_HIDDEN = 4096


def map_sides(depth: int, side: int) -> tuple[int, int, int]:
    """The sides of the last maps of a volume of `depth` x `side` x `side` voxels."""
    side = (side - 7) // 4 + 1  # a kernel of 11 with 2 pixels of padding, stride 4
    for _ in range(3):
        side = (side - 3) // 2 + 1
    for _ in range(2):
        depth = (depth - 3) // 2 + 1
    return depth, side, side


class AlexNet(Backbone):
    """Five convolutions with three max-poolings, then three fully connected layers.

    The first of these sees `sides` maps pixels along each axis; the published images of 224 x 224 give 6 x 6. In three
    dimensions all kernels are cubes (the first one 3 slices thick), and the first stride and pooling act within slices
    only. With `batch_norm`, batch norm follows each convolution.
    """

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        *,
        dims: Dims = 2,
        sides: tuple[int, ...] = (6, 6),
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        filters = [scaled(n, width) for n in (64, 192, 384, 256, 256)]
        plane = dims == 2
        first, edge, stride, within = (11, 2, 4, 2) if plane else ((3, 11, 11), (1, 2, 2), (1, 4, 4), (1, 2, 2))
        window = 3 if plane else (1, 3, 3)

        def conv(n_in: int, n_out: int, kernel: object, **of: object) -> list[nn.Module]:
            layers: list[nn.Module] = [CONV[dims](n_in, n_out, kernel, **of)]
            return [*layers, *[NORM[dims](n_out)] * batch_norm, nn.ReLU(inplace=True)]

        self.body = nn.Sequential(
            *(*conv(channels, filters[0], first, stride=stride, padding=edge), MAX_POOL[dims](window, stride=within)),
            *(*conv(filters[0], filters[1], 5, padding=2), MAX_POOL[dims](3, stride=2)),
            *conv(filters[1], filters[2], 3, padding=1),
            *conv(filters[2], filters[3], 3, padding=1),
            *(*conv(filters[3], filters[4], 3, padding=1), MAX_POOL[dims](3, stride=2)),
        )
        self.n_features, self._sides = filters[4], sides
        positions = 1
        for side in sides:
            positions *= side
        hidden = scaled(_HIDDEN, width)
        self._pool = functional.adaptive_avg_pool2d if plane else functional.adaptive_avg_pool3d
        self.fully_connected = nn.Sequential(
            *(nn.Dropout(), nn.Linear(filters[4] * positions, hidden), nn.ReLU(inplace=True)),
            *(nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(inplace=True)),
            nn.Linear(hidden, classes),
        )
        initialize(self)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps."""
        return self.body(x)

    def classify(self, maps: Tensor) -> Tensor:
        """The logits (N, classes)."""
        if tuple(maps.shape[2:]) != self._sides:
            maps = self._pool(maps, self._sides)
        return self.fully_connected(maps.flatten(1))
