"""Losses for rare foreground pixels, and for networks that classify examples as a whole."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional

from ichor.train.mixed_loss import mixed_loss
from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings
from ichor.train.soft_edge import edge_weights, weighted_cross_entropy, weighted_tversky


def loss_of(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:
    """The training loss of a batch, a scalar.

    Cross-entropy over the voxels; with `tversky`, plus the Tversky loss (Salehi et al. 2017, arXiv:1706.05721) over the
    whole batch, which penalizes missed voxels more than false ones; with `dice`, plus the one that weighs them equally;
    with `each_slice`, plus the mean of the same loss over the slices with hemorrhage; plus the cross-entropies of the
    slice head and of the subtype head. With `soft_edge_px`, voxels near a boundary count less in the former. Where not
    all labels are known, it is the `mixed_loss`.
    """
    if batch.known is not None:
        return mixed_loss(
            outputs, batch.mask, batch.positive, batch.subtypes, batch.known, settings, of_voxels=voxel_loss
        )
    loss = voxel_loss(outputs["logits"].float(), batch.mask, settings)
    if settings.slice_loss:
        slices = outputs["slice_logits"].float()
        loss = loss + settings.slice_loss * functional.binary_cross_entropy_with_logits(slices, batch.positive)
    if settings.subtype_loss and batch.subtypes is not None:
        subtypes = outputs["subtype_logits"].float()
        loss = loss + settings.subtype_loss * functional.binary_cross_entropy_with_logits(subtypes, batch.subtypes)
    return loss


def voxel_loss(logits: Tensor, mask: Tensor, settings: TrainingSettings) -> Tensor:
    """The terms of `loss_of` for voxels (N, 1, H, W): a scalar."""
    if settings.soft_edge_px:
        return _with_soft_edge(logits, mask, settings)
    loss = functional.binary_cross_entropy_with_logits(logits, mask)
    if settings.loss == "cross-entropy":
        return loss
    from monai.losses import TverskyLoss

    # Over the batch, not per image: most images have no hemorrhage, so their overlap is meaningless.
    beta = 0.7 if settings.loss == "tversky" else 0.5
    loss = loss + TverskyLoss(sigmoid=True, alpha=1 - beta, beta=beta, batch=True)(logits, mask)
    shown = mask.any(dim=(1, 2, 3))
    if settings.each_slice and shown.any():
        # Small hemorrhages count as much as large ones, as in the mean Dice of the slices.
        of_each = TverskyLoss(sigmoid=True, alpha=1 - beta, beta=beta)(logits[shown], mask[shown])
        loss = loss + settings.each_slice * of_each
    return loss


def _with_soft_edge(logits: Tensor, mask: Tensor, settings: TrainingSettings) -> Tensor:
    """The same terms of the voxels, with less weight near the boundaries of the masks."""
    weights = edge_weights(mask, settings.soft_edge_px)
    loss = weighted_cross_entropy(logits, mask, weights)
    if settings.loss == "cross-entropy":
        return loss
    beta = 0.7 if settings.loss == "tversky" else 0.5
    loss = loss + weighted_tversky(logits, mask, weights, beta)
    shown = mask.any(dim=(1, 2, 3))
    if settings.each_slice and shown.any():
        of_each = weighted_tversky(logits[shown], mask[shown], weights[shown], beta, each=True)
        loss = loss + settings.each_slice * of_each
    return loss


_BOUNDARY, _BOUNDARY_PX = 10.0, 5.0
_AUXILIARY = 0.3  # of each auxiliary classifier (Szegedy et al. 2015, section 5)


def detection_loss(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:
    """The training loss of a network that classifies its examples, slices or scans, as a whole: a scalar.

    The cross-entropies of presence and of subtypes, weighted by the settings; plus those of auxiliary classifiers,
    `auxiliary_logits` (A, N, 6) of presence and subtypes; plus the cross-entropies of auxiliary segmentations,
    `auxiliary_maps` (A, N, 1, H, W).
    """
    cross_entropy = functional.binary_cross_entropy_with_logits
    presence = outputs["scan_logits"] if "scan_logits" in outputs else outputs["slice_logits"]

    def of(presence: Tensor, subtypes: Tensor | None) -> Tensor:
        loss = settings.slice_loss * cross_entropy(presence.float(), batch.positive)
        if settings.subtype_loss and batch.subtypes is not None and subtypes is not None:
            loss = loss + settings.subtype_loss * cross_entropy(subtypes.float(), batch.subtypes)
        return loss

    loss = of(presence, outputs.get("subtype_logits"))
    for further in outputs.get("auxiliary_logits", ()):
        loss = loss + _AUXILIARY * of(further[:, 0], further[:, 1:])
    for maps in outputs.get("auxiliary_maps", ()):
        loss = loss + cross_entropy(maps.float(), batch.mask)
    return loss


def subtype_loss(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:
    """The cross-entropy of the subtypes of those slices that have hemorrhage, a scalar; 0 if none has."""
    if batch.subtypes is None:
        raise ValueError("expected samples with subtypes, found none")
    logits, shown = outputs["subtype_logits"].float(), batch.positive > 0
    each = functional.binary_cross_entropy_with_logits(logits, batch.subtypes, reduction="none").mean(dim=1)
    return settings.subtype_loss * (each * shown).sum() / shown.sum().clamp(min=1)


def boundary_loss(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:  # noqa: ARG001
    """The cross-entropy over the voxels, weighted by their distance to the boundary of the mask: a scalar.

    The weight is 1 far from any boundary and 11 on it, with a standard deviation of 5 pixels (after Ronneberger et al.
    2015, arXiv:1505.04597, section 3, where the distance is to two cells).
    """
    logits = outputs["logits"].float()
    weights = torch.from_numpy(np.stack([_boundary_weights(one) for one in batch.mask[:, 0].cpu().numpy() > 0]))
    weights = weights[:, None].to(logits.device)
    each = functional.binary_cross_entropy_with_logits(logits, batch.mask, reduction="none")
    return (weights * each).sum() / weights.sum()


def _boundary_weights(mask: np.ndarray) -> np.ndarray:
    """(H, W) float32 weights of the pixels of a mask."""
    if not mask.any() or mask.all():
        return np.ones(mask.shape, np.float32)
    distance = distance_transform_edt(mask) + distance_transform_edt(~mask) - 1  # 0 on both sides of the boundary
    return np.asarray(1 + _BOUNDARY * np.exp(-((distance / _BOUNDARY_PX) ** 2) / 2), np.float32)


def restoration_loss(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:
    """The loss of an autoencoder that also classifies, a scalar: `detection_loss` and the cross-entropy of each pixel.

    `seen` and `restored` (N, 1, H, W) are from 0 to 1.
    """
    restored = outputs["restored"].float().clamp(1e-6, 1 - 1e-6)
    return detection_loss(outputs, batch, settings) + functional.binary_cross_entropy(restored, outputs["seen"].float())
