"""The loss of examples of which different labels are known: one for each kind of label, none for unknown ones."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from ichor.train.known import N_TARGETS, Known
from ichor.train.settings import TrainingSettings

VoxelLoss = Callable[[Tensor, Tensor, TrainingSettings], Tensor]


def mixed_loss(
    outputs: dict[str, Tensor],
    mask: Tensor,
    positive: Tensor,
    subtypes: Tensor | None,
    known: Known,
    settings: TrainingSettings,
    of_voxels: VoxelLoss,
) -> Tensor:
    """The loss of a batch of N examples, a scalar; 0 where nothing is known.

    The voxels' loss is over the examples whose mask is known, and the cross-entropies of slices and subtypes over the
    labels that are known. Each is weighted by the share of examples that have such labels, so that a label weighs the
    same in every batch; if all are known, the sum is that of `ichor.train.losses.loss_of`. A scan's logit is the
    highest of its slices' (multiple-instance learning with max pooling, as Ilse et al. 2018, arXiv:1802.04712, review
    it), since a scan has hemorrhage if one of its slices has.
    """
    n = len(mask)
    logits, of_slices = outputs["logits"].float(), outputs["slice_logits"].float()
    loss = 0 * of_slices.sum()  # so that a batch without any label has a gradient, too
    if known.voxels.any():
        share = known.voxels.float().mean()
        loss = loss + share * of_voxels(logits[known.voxels], mask[known.voxels], settings)
    loss = loss + settings.slice_loss * _cross_entropy(of_slices, positive, known.slices)
    of_subtypes = outputs.get("subtype_logits") if settings.subtype_loss else None
    if of_subtypes is not None and subtypes is not None:
        of_subtypes = of_subtypes.float()
        loss = loss + settings.subtype_loss * _cross_entropy(of_subtypes, subtypes, known.subtypes)
    for row in range(len(known.targets)):
        inside = known.scan == row
        columns = [of_slices[inside, None], *([] if of_subtypes is None else [of_subtypes[inside]])]
        highest = torch.cat(columns, dim=1).amax(dim=0)
        which = slice(0, len(highest))
        of_scan = _cross_entropy(highest, known.targets[row, which], known.known[row, which], each=True)
        weights = torch.full((N_TARGETS,), settings.subtype_loss / (N_TARGETS - 1), device=highest.device)
        weights[0] = settings.slice_loss
        loss = loss + inside.sum() / n * (weights[which] * of_scan).sum()
    return loss


def _cross_entropy(logits: Tensor, targets: Tensor, known: Tensor, *, each: bool = False) -> Tensor:
    """The mean cross-entropy in which unknown labels count 0; with `each`, that of each label."""
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none") * known
    return losses if each else losses.mean()
