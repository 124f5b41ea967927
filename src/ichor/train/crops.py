"""Squares cut from slices, most of them on hemorrhage: as many lesions an hour as whole slices at a coarser pixel.

After the foreground sampling of nnU-Net (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.train.samples import Batch

_ON_HEMORRHAGE = 0.8
_HEAD_ABOVE_HU = -200


def choose_centres(batch: Batch, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(N, 2) centres of squares of `side` pixels, row and column in fractions of the image from its centre.

    On a slice with hemorrhage, most lie within a third of their side of a pixel of it; the others anywhere in the
    head. No square leaves the image.
    """
    size = batch.hu.shape[-1]
    on_hemorrhage = rng.random(len(batch.hu)) < _ON_HEMORRHAGE
    centres = np.full((len(batch.hu), 2), (size - 1) / 2)
    # Looked through on the CPU: a GPU would be asked for every slice, one after another.
    hemorrhages = (batch.mask[:, 0] > 0).flatten(1).cpu()
    heads = (batch.hu[:, batch.hu.shape[1] // 2] > _HEAD_ABOVE_HU).flatten(1).cpu()
    for i in range(len(batch.hu)):
        hemorrhage, head = hemorrhages[i].nonzero(), heads[i].nonzero()
        lesion = bool(on_hemorrhage[i]) and len(hemorrhage) > 0
        among = hemorrhage if lesion else head
        if len(among):
            centres[i] = divmod(int(among[rng.integers(len(among))]), size)
        if lesion:
            centres[i] += rng.uniform(-side / 3, side / 3, 2)
    room = (size - side) / 2
    return np.clip(centres - (size - 1) / 2, -room, room) / size


def labels_within(batch: Batch) -> Batch:
    """The labels of squares rather than of their slices: those without a pixel of hemorrhage have none."""
    within = batch.mask.amax(dim=(1, 2, 3))
    subtypes = None if batch.subtypes is None else batch.subtypes * within[:, None]
    return Batch(batch.hu, batch.mask, within, subtypes)
