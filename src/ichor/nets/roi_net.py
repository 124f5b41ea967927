"""A region-of-interest network on five slices: it proposes regions, classifies each and draws a mask in it.

After Mask R-CNN (He et al. 2017, arXiv:1703.06870) with a hybrid 3D/2D feature pyramid (Lin et al. 2017,
arXiv:1612.03144; Chang et al. 2018): convolutions in three dimensions reduce the slices to the middle one, whose plane
the pyramid describes.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.boxes import crop, paste
from ichor.nets.building import initialize, scaled
from ichor.nets.slice_classifier import N_LOGITS
from ichor.nets.windowing import Windowing
from ichor.windows import GrayWindow

N_SLICES = 5
ANCHORS = (0.06, 0.12, 0.25, 0.5)  # sides of the square anchors at each position, in fractions of the image
_FILTERS, _PYRAMID = (32, 64, 128, 256, 512), 128
_BOX_SIDE, _MASK_SIDE = 7, 14
_RARE = -3.0


class RoiNet(nn.Module):
    """From HU (N, 5, H, W), sides multiples of 32, to `probability` (N, H, W), `slice_logits` and `subtype_logits`.

    A voxel is as probable as its most probable region times the region's mask there, a slice as its most probable
    region. In training, the outputs are what `ichor.train.roi_loss` needs instead. `proposals` regions of a slice are
    looked at.
    """

    input_channels = N_SLICES

    def __init__(self, window: GrayWindow, width: float = 1.0, proposals: int = 8) -> None:
        super().__init__()
        self.windowing = Windowing([(k, window) for k in range(N_SLICES)])
        filters, f = [scaled(n, width) for n in _FILTERS], scaled(_PYRAMID, width)
        self.collapse = nn.Sequential(
            *(*_conv3d(1, filters[0], 2), *_conv3d(filters[0], filters[0], 1), *_conv3d(filters[0], filters[1], 2, 1))
        )
        self.down = nn.ModuleList(nn.Sequential(*_conv(i, o, 2), *_conv(o, o)) for i, o in pairwise(filters[1:]))
        self.lateral = nn.ModuleList(nn.Conv2d(n, f, 1) for n in filters[1:])
        self.smooth = nn.Sequential(*_conv(f, f))
        n = len(ANCHORS)
        self.propose = nn.Sequential(*_conv(f, f), nn.Conv2d(f, 5 * n, 1))
        self.call = nn.Sequential(
            *(nn.Linear(f * _BOX_SIDE**2, 4 * f), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Linear(4 * f, N_LOGITS))
        )
        self.draw = nn.Sequential(
            *_conv(f, f), *_conv(f, f), nn.ConvTranspose2d(f, f, 2, 2), nn.ReLU(inplace=True), nn.Conv2d(f, 1, 1)
        )
        self.proposals = proposals
        initialize(self)
        nn.init.normal_(self.propose[-1].weight, std=0.01)
        nn.init.constant_(self.propose[-1].bias[:n], _RARE)

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for a batch."""
        x = self.collapse(self.windowing(hu)[:, None])[:, :, 0]
        levels = [x]
        for block in self.down:
            levels.append(block(levels[-1]))
        top = self.lateral[-1](levels[-1])
        pyramid = [top]
        for lateral, maps in zip(reversed(self.lateral[:-1]), reversed(levels[:-1]), strict=True):
            top = lateral(maps) + functional.interpolate(top, scale_factor=2, mode="nearest")
            pyramid.append(top)
        fine, coarse = self.smooth(pyramid[-1]), pyramid[-2]  # at 1/4 and 1/8 of the resolution
        proposed = self.propose(coarse).float()
        n, anchors = len(ANCHORS), anchor_boxes(coarse.shape[-1], hu.device)
        objectness = proposed[:, :n].flatten(1)
        boxes = moved(anchors, proposed[:, n:].reshape(hu.shape[0], n, 4, -1).transpose(2, 3).flatten(1, 2))
        if self.training:
            found = {"fine": fine, "objectness": objectness, "boxes": boxes, "anchors": anchors}
            return {**found, "regions": self._best(proposed[:, :n], boxes)[0].detach()}
        regions, _ = self._best(proposed[:, :n], boxes)
        logits, masks = self.heads(fine, regions)
        called, drawn = logits.sigmoid(), masks.sigmoid()
        placed = paste(drawn, regions, fine.shape[-1]) * called[:, :, :1, None]
        large = functional.interpolate(
            placed.amax(dim=1, keepdim=True), size=hu.shape[-2:], mode="bilinear", align_corners=False
        )
        subtypes = (called[:, :, :1] * called[:, :, 1:]).amax(dim=1)
        return {
            "probability": large[:, 0].clamp(0, 1),
            "slice_probability": called[:, :, 0].amax(dim=1),
            "subtype_probability": subtypes,
        }

    def heads(self, fine: Tensor, regions: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of presence and subtypes (N, K, 6), and of masks (N, K, 28, 28), in the regions (N, K, 4)."""
        n, k = regions.shape[:2]
        logits = self.call(crop(fine, regions, _BOX_SIDE).flatten(0, 1).flatten(1)).reshape(n, k, N_LOGITS)
        masks = self.draw(crop(fine, regions, _MASK_SIDE).flatten(0, 1))
        return logits.float(), masks.reshape(n, k, 2 * _MASK_SIDE, 2 * _MASK_SIDE).float()

    def _best(self, objectness: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """The regions (N, K, 4) with the highest scores (N, K) among those that no neighbor exceeds."""
        # Suppression by the local maximum, which can be exported, unlike that by the overlap of sorted boxes.
        local = functional.max_pool2d(objectness, 3, stride=1, padding=1)
        scores = torch.where(objectness >= local, objectness, objectness - 100).flatten(1)
        highest, places = scores.topk(self.proposals, dim=1)
        return torch.gather(boxes, 1, places[:, :, None].expand(-1, -1, 4)), highest


def anchor_boxes(side: int, device: torch.device) -> Tensor:
    """(A * side * side, 4) the anchors of maps of `side` x `side` positions: all positions of a size, size by size."""
    line = (torch.arange(side, device=device, dtype=torch.float32) + 0.5) / side
    rows, columns = line[:, None].expand(side, side).flatten(), line[None].expand(side, side).flatten()
    return torch.cat(
        [torch.stack([rows, columns, torch.full_like(rows, a), torch.full_like(rows, a)], dim=1) for a in ANCHORS]
    )


def moved(anchors: Tensor, shifts: Tensor) -> Tensor:
    """The boxes (N, B, 4) that anchors (B, 4) become by `shifts` (N, B, 4): of the center, and of the log sides."""
    centers = anchors[:, :2] + shifts[..., :2].clamp(-2, 2) * anchors[:, 2:]
    return torch.cat([centers, anchors[:, 2:] * shifts[..., 2:].clamp(-2, 2).exp()], dim=-1)


def shifts_to(anchors: Tensor, boxes: Tensor) -> Tensor:
    """The shifts (B, 4) by which anchors (B, 4) become boxes (B, 4)."""
    centers = (boxes[:, :2] - anchors[:, :2]) / anchors[:, 2:]
    return torch.cat([centers, (boxes[:, 2:] / anchors[:, 2:]).log()], dim=-1)


def _conv(n_in: int, n_out: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(n_in, n_out, 3, stride, padding=1), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)]


def _conv3d(n_in: int, n_out: int, stride: int, depth: int = 3) -> list[nn.Module]:
    """A convolution that leaves out the outermost slices unless `depth` is 1; the stride acts within slices only."""
    return [
        nn.Conv3d(n_in, n_out, (depth, 3, 3), (1, stride, stride), padding=(0, 1, 1)),
        *(nn.BatchNorm3d(n_out), nn.ReLU(inplace=True)),
    ]
