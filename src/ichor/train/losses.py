"""Losses for rare foreground pixels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings


def loss_of(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:
    """The training loss of a batch, a scalar.

    Cross-entropy over the voxels; with `tversky`, plus the Tversky loss (Salehi et al. 2017, arXiv:1706.05721) over the
    whole batch, which penalizes missed voxels more than false ones; with `dice`, plus the one that weighs them equally;
    with `each_slice`, plus the mean of the same loss over the slices with hemorrhage; plus the cross-entropies of the
    slice
    head and of the subtype head.
    """
    logits = outputs["logits"].float()
    loss = functional.binary_cross_entropy_with_logits(logits, batch.mask)
    if settings.loss != "cross-entropy":
        from monai.losses import TverskyLoss

        # Over the batch, not per image: most images have no hemorrhage, so their overlap is meaningless.
        beta = 0.7 if settings.loss == "tversky" else 0.5
        loss = loss + TverskyLoss(sigmoid=True, alpha=1 - beta, beta=beta, batch=True)(logits, batch.mask)
        shown = batch.mask.any(dim=(1, 2, 3))
        if settings.each_slice and shown.any():
            # Small hemorrhages count as much as large ones, as in the mean Dice of the slices.
            of_each = TverskyLoss(sigmoid=True, alpha=1 - beta, beta=beta)(logits[shown], batch.mask[shown])
            loss = loss + settings.each_slice * of_each
    if settings.slice_loss:
        slices = outputs["slice_logits"].float()
        loss = loss + settings.slice_loss * functional.binary_cross_entropy_with_logits(slices, batch.positive)
    if settings.subtype_loss and batch.subtypes is not None:
        subtypes = outputs["subtype_logits"].float()
        loss = loss + settings.subtype_loss * functional.binary_cross_entropy_with_logits(subtypes, batch.subtypes)
    return loss
