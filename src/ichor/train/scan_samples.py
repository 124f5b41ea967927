"""Training examples that are whole scans: their slices in order, or volumes of a fixed depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.train.samples import Batch


@dataclass(frozen=True, eq=False)
class ScanArrays:
    """A scan's n slices as a network sees them.

    Attributes:
        hu: (n, H, W) int16.
        channels: (n, C) for each slice, the indices of the slices shown with it.
        mask: (n, H, W) bool.
        labels: (n, 5) bool.
    """

    hu: NDArray[np.int16]
    channels: NDArray[np.int64]
    mask: NDArray[np.bool_]
    labels: NDArray[np.bool_]


class ScanSamples:
    """Scans, each of which is a batch of its own: its slices in order, from below or from above.

    An epoch has all scans with hemorrhage and `negatives` times as many without, drawn anew each time.
    """

    def __init__(self, scans: Sequence[ScanArrays], negatives: float) -> None:
        self._scans, self._negatives = scans, negatives
        self._positive = np.array([scan.labels.any() for scan in scans])
        require_positive(self._positive)

    def epoch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The index of each scan's number; those to be read from above are counted from the number of scans on."""
        chosen = balanced(self._positive, self._negatives, rng)
        return chosen + len(self._scans) * rng.integers(2, size=len(chosen))

    def batch(self, indices: NDArray[np.int64], device: torch.device) -> Batch:
        """The slices of one scan. Raises ValueError if asked for several scans."""
        if len(indices) != 1:
            raise ValueError(f"expected batches of one scan, found {len(indices)}")
        downwards, number = divmod(int(indices[0]), len(self._scans))
        scan = self._scans[number]
        order = np.arange(len(scan.hu))[:: -1 if downwards else 1].copy()
        labels = torch.from_numpy(scan.labels[order]).to(device, torch.float32)
        channels = scan.channels[order][:, :: -1 if downwards else 1]
        return Batch(
            hu=torch.from_numpy(scan.hu[channels]).to(device, torch.float32),
            mask=torch.from_numpy(scan.mask[order]).unsqueeze(1).to(device, torch.float32),
            positive=labels.amax(dim=1),
            subtypes=labels,
            together=True,
        )


class VolumeSamples:
    """Volumes (S, D, H, W) int16 with the labels (S, 5) bool of their scans.

    An epoch has all volumes with hemorrhage and `negatives` times as many without, drawn anew each time.
    """

    def __init__(self, volumes: NDArray[np.int16], labels: NDArray[np.bool_], negatives: float) -> None:
        self._volumes, self._labels = torch.from_numpy(volumes), torch.from_numpy(labels)
        self._positive, self._negatives = labels.any(axis=1), negatives
        require_positive(self._positive)

    def epoch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The numbers of the volumes."""
        return balanced(self._positive, self._negatives, rng)

    def batch(self, indices: NDArray[np.int64], device: torch.device) -> Batch:
        """Volumes (N, D, H, W); there is nothing to segment, and their masks (N, 1, H, W) are empty."""
        chosen = torch.from_numpy(indices)
        hu = self._volumes[chosen].to(device, torch.float32)
        labels = self._labels[chosen].to(device, torch.float32)
        return Batch(hu=hu, mask=torch.zeros_like(hu[:, :1]), positive=labels.amax(dim=1), subtypes=labels)


def balanced(positive: NDArray[np.bool_], negatives: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The indices of all positive examples and of `negatives` times as many others, shuffled."""
    chosen, others = np.flatnonzero(positive), np.flatnonzero(~positive)
    n_others = min(len(others), max(1, round(negatives * len(chosen))))
    return rng.permutation(np.concatenate([chosen, rng.choice(others, n_others, replace=False)]))


def require_positive(positive: NDArray[np.bool_]) -> None:
    """Raise BadConfig if no example has hemorrhage."""
    if not positive.any():
        raise BadConfig("expected training scans with hemorrhage, found none")
