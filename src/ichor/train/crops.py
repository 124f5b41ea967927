"""Square crops of slices, most of them with hemorrhage: as many lesions per hour as whole slices with coarser pixels.

After the foreground sampling of nnU-Net (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.train.samples import Batch

_ON_HEMORRHAGE = 0.8
_HEAD_ABOVE_HU = -200


def choose_centres(batch: Batch, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(N, 2) centers of squares of `side` pixels, row and column in fractions of the image from its center.

    On slices with hemorrhage, most are within a third of their side of a hemorrhage pixel, and on those with a focus,
    of it; the others are anywhere in the head. All squares lie within the image.
    """
    size = batch.hu.shape[-1]
    on_hemorrhage = rng.random(len(batch.hu)) < _ON_HEMORRHAGE
    centres = np.full((len(batch.hu), 2), (size - 1) / 2)
    # Searched on the CPU: a GPU would be synchronized for every slice.
    hemorrhages = (batch.mask[:, 0] > 0).flatten(1).cpu()
    heads = (batch.hu[:, batch.hu.shape[1] // 2] > _HEAD_ABOVE_HU).flatten(1).cpu()
    for i in range(len(batch.hu)):
        hemorrhage, head = hemorrhages[i].nonzero(), heads[i].nonzero()
        lesion = bool(on_hemorrhage[i]) and len(hemorrhage) > 0
        among = hemorrhage if lesion else head
        if len(among):
            centres[i] = divmod(int(among[rng.integers(len(among))]), size)
        looked_at = bool(on_hemorrhage[i]) and not lesion and batch.focus is not None and batch.focus[i, 0] >= 0
        if looked_at:
            centres[i] = batch.focus[i]
        if lesion or looked_at:
            centres[i] += rng.uniform(-side / 3, side / 3, 2)
    room = (size - side) / 2
    return np.clip(centres - (size - 1) / 2, -room, room) / size


def labels_within(batch: Batch) -> Batch:
    """The labels of the crops instead of their slices: crops without a hemorrhage pixel have none."""
    within = batch.mask.amax(dim=(1, 2, 3))
    subtypes = None if batch.subtypes is None else batch.subtypes * within[:, None]
    known = None if batch.known is None else batch.known.within_crops(batch.positive, batch.subtypes)
    return Batch(batch.hu, batch.mask, within, subtypes, known=known)
