"""VGG-16 (Simonyan and Zisserman 2015, arXiv:1409.1556, configuration D)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.building import Backbone, initialize, scaled

PARAMETERS = 138_357_544  # with 3 channels and 1000 classes
_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_HIDDEN = 4096
_SIDE = 7  # of the maps of an image of 224 x 224 pixels


class VGG16(Backbone):
    """Thirteen 3x3 convolutions in five stages, each followed by 2x2 max-pooling, then three fully connected layers.

    With `pooled_head`, a single linear layer on the mean of each map replaces the fully connected layers. With
    `batch_norm`, batch norm follows each convolution, without which the network hardly trains from random weights.
    """

    def __init__(
        self,
        channels: int = 3,
        classes: int = 1000,
        width: float = 1.0,
        *,
        batch_norm: bool = False,
        pooled_head: bool = False,
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        n_in = channels
        for filters in _STAGES:
            layers: list[nn.Module] = []
            for n_out in (scaled(n, width) for n in filters):
                layers += [nn.Conv2d(n_in, n_out, 3, padding=1)]
                layers += [nn.BatchNorm2d(n_out)] * batch_norm + [nn.ReLU(inplace=True)]
                n_in = n_out
            self.stages.append(nn.Sequential(*layers))
        self.n_features = n_in
        self._pooled = pooled_head
        if pooled_head:
            self.head = nn.Linear(n_in, classes)
        else:
            hidden = scaled(_HIDDEN, width)
            self.fully_connected = nn.Sequential(
                *(nn.Linear(n_in * _SIDE**2, hidden), nn.ReLU(inplace=True), nn.Dropout()),
                *(nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Dropout()),
                nn.Linear(hidden, classes),
            )
        initialize(self)

    def pyramid(self, x: Tensor) -> list[Tensor]:
        """The maps after each stage's pooling, at 1/2, 1/4, 1/8, 1/16 and 1/32 of the resolution."""
        found = []
        for stage in self.stages:
            x = functional.max_pool2d(stage(x), 2)
            found.append(x)
        return found

    def maps(self, x: Tensor) -> Tensor:
        """The last maps, at 1/32 of the resolution."""
        return self.pyramid(x)[-1]

    def classify(self, maps: Tensor) -> Tensor:
        """The logits (N, classes)."""
        if self._pooled:
            return super().classify(maps)
        return self.fully_connected(functional.adaptive_avg_pool2d(maps, _SIDE).flatten(1))
