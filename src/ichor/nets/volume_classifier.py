"""A three-dimensional classification network on a scan as one volume in one gray window."""

from __future__ import annotations

from torch import Tensor, nn

from ichor.nets.building import Backbone, initialize, scaled
from ichor.nets.windowing import Windowing
from ichor.windows import GrayWindow


class VolumeClassifier(nn.Module):
    """From HU (N, depth, H, W) to `scan_logits` (N,); `backbone` has one channel and one logit."""

    def __init__(self, backbone: Backbone, depth: int, window: GrayWindow) -> None:
        super().__init__()
        self.windowing, self.backbone = Windowing([(plane, window) for plane in range(depth)]), backbone
        self.input_channels = depth

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for a batch."""
        return {"scan_logits": self.backbone(self.windowing(hu)[:, None])[0][:, 0]}


class Plain3D(Backbone):
    """Five 3x3x3 convolutions with batch norm, each followed by max-pooling, and two fully connected layers.

    The first two poolings act within planes only.
    """

    _FILTERS = (32, 64, 128, 256, 256)
    _HIDDEN = 256

    def __init__(self, channels: int = 1, classes: int = 1, width: float = 1.0, *, dropout: float = 0.5) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = channels
        for level, filters in enumerate(self._FILTERS):
            n = scaled(filters, width)
            pool = (1, 2, 2) if level < 2 else 2
            # With a bias, although batch norm follows: ONNX Runtime 1.32 cannot fuse the two in 3-D without one.
            layers += [nn.Conv3d(n_in, n, 3, stride=1 if level else (1, 2, 2), padding=1)]
            layers += [nn.BatchNorm3d(n), nn.ReLU(inplace=True), nn.MaxPool3d(pool)]
            n_in = n
        self.body, self.n_features = nn.Sequential(*layers), n_in
        hidden = scaled(self._HIDDEN, width)
        self.head = nn.Sequential(
            nn.Linear(n_in, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout), nn.Linear(hidden, classes)
        )
        initialize(self)

    def maps(self, x: Tensor) -> Tensor:
        """The last maps."""
        return self.body(x)
