"""Fitting `unet-tiles`: the paper's choice of tiles, the loop, and the epoch chosen on the validation tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from ichor.dataset.case import Case
from ichor.evaluate.overlap import Overlaps
from ichor.head import find_head
from ichor.nets.unet import UNet
from ichor.train.forward import TorchForward
from ichor.train.loop import train
from ichor.train.samples import TileSamples
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from ichor.methods.unet_tiles import TilesChosen, UNetTiles

_BATCH = 32


def fit_tiles(
    method: UNetTiles, training: Sequence[Case], validation: Sequence[Case], workdir: Path
) -> tuple[TorchForward, TilesChosen]:
    """Train the method's network; see `UNetTiles.fit`."""
    from ichor.methods.unet_tiles import TilesChosen

    settings = method.settings
    pool, head_mm = _samples(method, training)
    held_out, _ = _samples(method, validation)
    torch.manual_seed(settings.training.seed)
    network = train(UNet(settings.width), pool, _validator(held_out), settings.training, workdir)
    return TorchForward(network), TilesChosen(head_mm=head_mm)


def _samples(method: UNetTiles, cases: Sequence[Case]) -> tuple[TileSamples, float]:
    gray, mask, subject, heads = [], [], [], []
    for number, case in enumerate(cases):
        slices, field = method.field_of(case.scan)
        gray.append(np.round(BRAIN.gray(slices)).astype(np.uint8))
        mask.append(field.take_mask(case.mask))
        subject.append(np.full(case.scan.n_slices, number))
        assert case.scan.pixel_mm is not None  # field_of has refused scans without
        heads.append(max(find_head(case.scan).extent) * float(case.scan.pixel_mm.mean()))
    rng = np.random.default_rng(method.settings.training.seed)
    samples = TileSamples(
        np.concatenate(gray),
        np.concatenate(mask),
        np.concatenate(subject),
        method.corners,
        method.settings.tile,
        rng,
    )
    return samples, float(np.median(heads))


def _validator(samples: TileSamples) -> Callable[[nn.Module], dict[str, float]]:
    """The Jaccard index over the validation tiles, false positives included.

    The authors' code looked at tiles with hemorrhage only, so that false positives never counted; here the tiles
    without, of one slice a subject, count as well: all voxels are pooled.
    """

    def validate(network: nn.Module) -> dict[str, float]:
        forward = TorchForward(network)
        both = predicted = reference = 0
        for start in range(0, len(samples), _BATCH):
            indices = np.arange(start, min(start + _BATCH, len(samples)))
            batch = samples.batch(indices, torch.device("cpu"))
            mask = forward(batch.hu.numpy())["probability"] >= 0.5
            counts = Overlaps.of(mask, batch.mask[:, 0].numpy() > 0)
            both += int(counts.both.sum())
            predicted += int(counts.predicted.sum())
            reference += int(counts.reference.sum())
        return {"score": both / max(predicted + reference - both, 1)}

    return validate
