"""Slices of which different labels are known, together with whole scans of which only the scan's labels are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from ichor.train.known import N_TARGETS, Bag
from ichor.train.samples import Batch, SliceSamples

SLICES_OF_SCAN = 16  # of a scan that are shown at a time, evenly spaced


class MixedSamples:
    """Adds scans to `SliceSamples`: each epoch has every scan of `bags` once, by some of its slices.

    An example of an epoch is that of `SliceSamples`, or below 0 a scan and the first of the slices that are shown.
    """

    def __init__(self, slices: SliceSamples, bags: Sequence[Bag]) -> None:
        self._slices, self._bags = slices, tuple(bags)

    def epoch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The slices of an epoch and every scan, shuffled."""
        chosen = self._slices.epoch(rng)
        scans = [-1 - (k * SLICES_OF_SCAN + int(rng.integers(SLICES_OF_SCAN))) for k in range(len(self._bags))]
        return rng.permutation(np.concatenate([chosen, np.array(scans, np.int64)]))

    def batch(self, indices: NDArray[np.int64], device: torch.device) -> Batch:
        """The slices with their neighbors; those of a scan come after the others."""
        own = indices[indices >= 0]
        scans = [divmod(-1 - int(k), SLICES_OF_SCAN) for k in indices[indices < 0]]
        shown = [_some(self._bags[k].slices, first) for k, first in scans]
        batch = self._slices.batch(np.concatenate([own, *shown]), device)
        assert batch.known is not None  # or else there would be no scans of which only this is known
        bags = [self._bags[k] for k, _ in scans]
        of_scan = np.repeat(np.arange(len(scans)), [len(one) for one in shown])
        return replace(
            batch,
            known=replace(
                batch.known,
                scan=torch.from_numpy(np.concatenate([np.full(len(own), -1), of_scan]).astype(np.int64)).to(device),
                targets=_stacked([one.targets for one in bags]).to(device, torch.float32),
                known=_stacked([one.known for one in bags]).to(device),
            ),
        )


def _some(slices: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Evenly spaced slices of a scan, `SLICES_OF_SCAN` at most; `first` shifts them by a share of their distance."""
    if len(slices) <= SLICES_OF_SCAN:
        return slices
    step = len(slices) / SLICES_OF_SCAN
    return slices[((np.arange(SLICES_OF_SCAN) + first / SLICES_OF_SCAN) * step).astype(np.int64)]


def _stacked(rows: Sequence[NDArray[np.bool_]]) -> torch.Tensor:
    return torch.from_numpy(np.stack(rows) if rows else np.zeros((0, N_TARGETS), bool))
