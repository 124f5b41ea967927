"""Losses for rare pixels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings


def loss_of(outputs: dict[str, Tensor], batch: Batch, settings: TrainingSettings) -> Tensor:
    """The training loss of a batch, a scalar.

    Cross-entropy over the voxels; with `tversky`, plus the Tversky loss (Salehi et al. 2017, arXiv:1706.05721)
    over the whole batch, which weighs a missed voxel more than a false one; with `dice`, plus the one that weighs them
    alike; with `each_slice`, plus the same of each slice that shows hemorrhage, the mean of these; plus the
    cross-entropies of the slice head and of the subtype head.
    """
    logits = outputs["logits"].float()
    loss = functional.binary_cross_entropy_with_logits(logits, batch.mask)
    if settings.loss != "cross-entropy":
        from monai.losses import TverskyLoss

        # Over the batch, not each image: most images have no hemorrhage, where an overlap says nothing.
        beta = 0.7 if settings.loss == "tversky" else 0.5
        loss = loss + TverskyLoss(sigmoid=True, alpha=1 - beta, beta=beta, batch=True)(logits, batch.mask)
        shown = batch.mask.any(dim=(1, 2, 3))
        if settings.each_slice and shown.any():
            # A small one counts as much as a large one, as it does in a mean of the slices' Dice.
            of_each = TverskyLoss(sigmoid=True, alpha=1 - beta, beta=beta)(logits[shown], batch.mask[shown])
            loss = loss + settings.each_slice * of_each
    if settings.slice_loss:
        slices = outputs["slice_logits"].float()
        loss = loss + settings.slice_loss * functional.binary_cross_entropy_with_logits(slices, batch.positive)
    if settings.subtype_loss and batch.subtypes is not None:
        subtypes = outputs["subtype_logits"].float()
        loss = loss + settings.subtype_loss * functional.binary_cross_entropy_with_logits(subtypes, batch.subtypes)
    return loss
