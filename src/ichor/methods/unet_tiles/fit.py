"""Trains `unet-tiles` on the paper's selection of tiles; the epoch is chosen on the validation tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ichor.anatomy.head import head_length_mm
from ichor.dataset.case import Case
from ichor.evaluate.overlap import Overlaps
from ichor.methods.field import FieldOf, tile_corners
from ichor.methods.unet_tiles.settings import UNetTilesSettings
from ichor.nets.unet import UNet
from ichor.train.forward import TorchForward
from ichor.train.loop import train
from ichor.train.samples import TileSamples
from ichor.windows import BRAIN

_BATCH = 32


def train_tiles(
    settings: UNetTilesSettings,
    field_of: FieldOf,
    training: Sequence[Case],
    validation: Sequence[Case],
    workdir: Path,
) -> tuple[TorchForward, float]:
    """Train the paper's network on tiles; returns it with the median length of the training heads in mm.

    `field_of` resamples a scan into the network's field. `workdir` is as in `ichor.train.loop.train`.
    """
    pool, head_mm = _samples(settings, field_of, training)
    # A generator, not a list: cases are read one by one and need not fit into memory together.
    counted = (case for case in validation if not case.excluded_from_overlap)
    held_out, _ = _samples(settings, field_of, counted)
    torch.manual_seed(settings.training.seed)
    network = train(UNet(settings.width), pool, _validator(held_out, settings.threshold), settings.training, workdir)
    return TorchForward(network), head_mm


def _samples(settings: UNetTilesSettings, field_of: FieldOf, cases: Iterable[Case]) -> tuple[TileSamples, float]:
    gray, mask, subject, heads = [], [], [], []
    for number, case in enumerate(cases):
        slices, field = field_of(case.scan)
        gray.append(np.round(BRAIN.gray(slices)).astype(np.uint8))
        mask.append(field.resample_mask(case.mask))
        subject.append(np.full(case.scan.n_slices, number))
        heads.append(head_length_mm(case.scan))
    rng = np.random.default_rng(settings.training.seed)
    samples = TileSamples(
        np.concatenate(gray),
        np.concatenate(mask),
        np.concatenate(subject),
        tile_corners(settings.size, settings.tile, settings.stride),
        settings.tile,
        rng,
        settings.negative_slices,
    )
    return samples, float(np.median(heads))


def _validator(samples: TileSamples, threshold: float) -> Callable[[nn.Module], dict[str, float]]:
    """The Jaccard index over the validation tiles, false positives included.

    The authors' code used only tiles with hemorrhage, so that false positives never counted. Here the tiles of one
    slice without hemorrhage per subject count as well. All voxels are pooled.
    """

    def validate(network: nn.Module) -> dict[str, float]:
        forward = TorchForward(network)
        both = predicted = reference = 0
        for start in range(0, len(samples), _BATCH):
            indices = np.arange(start, min(start + _BATCH, len(samples)))
            batch = samples.batch(indices, torch.device("cpu"))
            mask = forward(batch.hu.numpy())["probability"] >= threshold
            counts = Overlaps.of(mask, batch.mask[:, 0].numpy() > 0)
            both += int(counts.both.sum())
            predicted += int(counts.predicted.sum())
            reference += int(counts.reference.sum())
        return {"score": both / max(predicted + reference - both, 1)}

    return validate
