"""The loss of a region-of-interest network: proposals, the class of regions, and the masks in them.

After Ren et al. 2015 (arXiv:1506.01497) and He et al. 2017 (arXiv:1703.06870). The regions to find are the connected
parts of a slice's mask.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from ichor.nets.boxes import crop, overlap
from ichor.nets.roi_net import RoiNet, shifts_to
from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings

_SAME, _OTHER = 0.5, 0.3  # overlap with a region from which on a box shows it, and below which it shows none
_HARDEST = 48  # boxes without hemorrhage that count, of each slice
_SMALLEST_PX, _MARGIN = 4, 1.2
_ADDED = 4  # true regions that are looked at besides the proposals
_JITTER = 0.1


def roi_loss(network: RoiNet) -> Callable[[dict[str, Tensor], Batch, TrainingSettings], Tensor]:
    """The loss of the outputs of this network, a scalar."""

    def loss_of(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:
        true = [boxes_of(mask) for mask in batch.mask[:, 0].cpu().numpy() > 0]
        total = _proposing(outputs, true)
        regions, shown = _regions(outputs["regions"], true)
        logits, masks = network.heads(outputs["fine"], regions)
        counted, labels = shown >= 0, (shown > 0).float()
        calling = functional.binary_cross_entropy_with_logits(logits[..., 0], labels, reduction="none")
        total = total + (_mean(calling, shown > 0) + _mean(calling, counted & (shown == 0))) / 2
        if not (shown > 0).any():
            return total
        if batch.subtypes is not None and settings.subtype_loss:
            wanted = batch.subtypes[:, None].expand_as(logits[..., 1:])
            each = functional.binary_cross_entropy_with_logits(logits[..., 1:], wanted, reduction="none").mean(dim=-1)
            total = total + settings.subtype_loss * _mean(each, shown > 0)
        drawn = (crop(batch.mask, regions, masks.shape[-1])[:, :, 0] >= 0.5).float()
        each = functional.binary_cross_entropy_with_logits(masks, drawn, reduction="none").mean(dim=(2, 3))
        return total + _mean(each, shown > 0)

    return loss_of


def boxes_of(mask: np.ndarray) -> Tensor:
    """(R, 4) the boxes of the connected parts of a mask (H, W), a little larger than these; specks are left out."""
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        if (labels[place] == number).sum() < _SMALLEST_PX:
            continue
        ends = [(one.start, one.stop) for one in place]
        sides = [min(1.0, max(_MARGIN * (b - a), 4) / n) for (a, b), n in zip(ends, mask.shape, strict=True)]
        found.append([*((a + b) / 2 / n for (a, b), n in zip(ends, mask.shape, strict=True)), *sides])
    return torch.tensor(found, dtype=torch.float32).reshape(-1, 4)


def _proposing(outputs: dict[str, Tensor], true: list[Tensor]) -> Tensor:
    """The cross-entropy of objectness, and the distance of the boxes from the regions that their anchors show."""
    anchors, total = outputs["anchors"], outputs["objectness"].new_zeros(())
    for objectness, boxes, regions in zip(outputs["objectness"], outputs["boxes"], true, strict=True):
        targets = regions.to(anchors.device)
        if len(targets):
            found = overlap(anchors, targets)
            best, which = found.max(dim=1)
            positive = best >= _SAME
            nearest = found.argmax(dim=0)
            positive[nearest] = True  # each region has an anchor
            which[nearest] = torch.arange(len(targets), device=which.device)
            negative = (best < _OTHER) & ~positive
            distance = (
                shifts_to(anchors[positive], boxes[positive]) - shifts_to(anchors[positive], targets[which[positive]])
            ).abs()
            total = total + functional.softplus(-objectness[positive]).mean() + distance.clamp(max=2).mean()
        else:
            negative = torch.ones_like(objectness, dtype=torch.bool)
        hardest = functional.softplus(objectness[negative]).topk(min(_HARDEST, int(negative.sum()))).values
        total = total + hardest.mean()
    return total / len(true)


def _regions(proposed: Tensor, true: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The regions (N, K, 4) to look at, proposals and true ones, and whether each shows hemorrhage (N, K).

    1 if it does, 0 if not, -1 if that is unclear. True regions are moved a little; slices without any have proposals
    again instead.
    """
    added = []
    for mine, regions in zip(proposed, true, strict=True):
        if len(regions):
            chosen = regions[torch.arange(_ADDED) % len(regions)].to(mine.device)
            sides = torch.cat([chosen[:, 2:], chosen[:, 2:]], dim=1)
            added.append(chosen + _JITTER * sides * (2 * torch.rand_like(sides) - 1))
        else:
            added.append(mine[torch.arange(_ADDED) % len(mine)])
    regions = torch.cat([proposed, torch.stack(added)], dim=1)
    shown = torch.zeros(regions.shape[:2], device=regions.device)
    for k, targets in enumerate(true):
        if len(targets):
            best = overlap(regions[k], targets.to(regions.device)).amax(dim=1)
            shown[k] = torch.where(best >= _SAME, 1.0, torch.where(best < _OTHER, 0.0, -1.0))
    return regions, shown


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """The mean of the chosen values; 0 if none are."""
    return (values * chosen).sum() / chosen.sum().clamp(min=1)
