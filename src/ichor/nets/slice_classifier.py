"""A classification network on slices in several gray windows, with class activation maps as attention.

Class activation maps: Zhou et al. 2016, arXiv:1512.04150. For a network whose last layer is linear on the means of its
maps they are those of Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.building import Backbone, pooled
from ichor.nets.windowing import Windowing
from ichor.windows import GrayWindow

N_LOGITS = 6  # presence, and the five subtypes


class SliceClassifier(nn.Module):
    """From HU (N, C, H, W) to `slice_logits` (N,), `subtype_logits` (N, 5) and `auxiliary_logits` in training.

    `backbone` has as many channels as there are `channels`, pairs of an input channel and a gray window, and six
    logits: presence and the five subtypes; or five, then presence is the most probable subtype. With `attention`,
    `probability` (N, H, W) is the attention map for hemorrhage, from 0 to the slice's probability; the backbone must
    have a linear `head`. With `interpolated`, the three input channels, a slice and its neighbors, are first replaced
    by the mean of the slice and the one below, the slice, and the mean with the one above.
    """

    def __init__(
        self,
        backbone: Backbone,
        channels: Sequence[tuple[int, GrayWindow]],
        *,
        attention: bool = False,
        interpolated: bool = False,
    ) -> None:
        super().__init__()
        self.windowing, self.backbone = Windowing(channels), backbone
        self.attention, self.interpolated = attention, interpolated
        self.n_features = backbone.n_features
        self.input_channels = 1 + max(source for source, _ in channels)

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for a batch."""
        x = self._seen(hu)
        if self.training or not self.attention:
            logits, *further = (_with_presence(each) for each in self.backbone(x))
        else:
            maps = self.backbone.maps(x)
            logits, further = _with_presence(self.backbone.classify(maps)), []
        outputs = {"slice_logits": logits[:, 0], "subtype_logits": logits[:, 1:]}
        if further:
            outputs["auxiliary_logits"] = torch.stack(further)
        if self.attention and not self.training:
            outputs["probability"] = attention_map(maps, self.backbone.head.weight[:1], logits[:, 0], hu.shape[-1])
        return outputs

    def features(self, hu: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """The means (N, F) of the maps, the maps (N, F, h, w), and further outputs, of which there are none."""
        maps = self.backbone.maps(self._seen(hu))
        return pooled(maps), maps, {}

    def _seen(self, hu: Tensor) -> Tensor:
        """What the backbone sees."""
        if self.interpolated:
            below, own, above = hu[:, :1], hu[:, 1:2], hu[:, 2:]
            hu = torch.cat([(below + own) / 2, own, (own + above) / 2], dim=1)
        return self.windowing(hu)


def _with_presence(logits: Tensor) -> Tensor:
    """(N, 6) presence and subtypes, of six logits or of those of the subtypes."""
    if logits.shape[1] == N_LOGITS:
        return logits
    return torch.cat([logits.amax(dim=1, keepdim=True), logits], dim=1)


def attention_map(maps: Tensor, weights: Tensor, logits: Tensor, side: int) -> Tensor:
    """(N, side, side) the weighted sum of maps (N, F, h, w), its negative part cut off, its maximum the probability.

    `weights` (N, F), or (1, F) for all, are those of the maps in `logits` (N,).
    """
    raw = (maps * weights[:, :, None, None]).sum(dim=1, keepdim=True).clamp(min=0).float()
    relative = raw / raw.amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)
    large = functional.interpolate(relative, size=(side, side), mode="bilinear", align_corners=False)
    return large[:, 0].clamp(0, 1) * logits.float().sigmoid()[:, None, None]
