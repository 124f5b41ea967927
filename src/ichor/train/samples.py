"""The training samples of an epoch: slices or tiles, with negatives undersampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ichor.errors import BadConfig
from ichor.train.known import Known, SliceLabels
from ichor.train.pasting import Pasting
from ichor.windows import BRAIN

# A lesion of 70 HU in brain of 30 becomes 70, 58 or 46 HU.
_OPACITIES = (1.0, 0.7, 0.4)


@dataclass(frozen=True, slots=True)
class Batch:
    """N training examples.

    Attributes:
        hu: (N, C, H, W) float32.
        mask: (N, 1, H, W) float32, 0 or 1.
        positive: (N,) float32, 1 if the slice is labeled with hemorrhage.
        subtypes: (N, 5) float32, 1 if the slice is labeled with that subtype; None if subtypes are not learned.
        together: whether the examples are the slices of one scan, which augmentation changes alike.
        focus: (N, 2) row and column that crops are chosen around on slices without hemorrhage; -1 for any. None for
            any on all slices.
        known: which labels are known; None if all are.
    """

    hu: Tensor
    mask: Tensor
    positive: Tensor
    subtypes: Tensor | None = None
    together: bool = False
    focus: NDArray[np.int64] | None = None
    known: Known | None = None


class Samples(Protocol):
    """A pool of training examples, held in memory as stored, and the selection of those of an epoch."""

    def epoch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The indices of an epoch's examples in training order."""
        ...

    def batch(self, indices: NDArray[np.int64], device: torch.device) -> Batch:
        """Those examples on a device."""
        ...


@dataclass(frozen=True, eq=False)
class Copies:
    """Which of the slices are of simulated copies, and how often they are trained on.

    Attributes:
        copied: (S,) bool.
        share: of the slices of an epoch that are replaced by copied ones, of the same class.
        focus: (S, 2) row and column of what training should look at; -1 without.
    """

    copied: NDArray[np.bool_]
    share: float
    focus: NDArray[np.int64]


class SliceSamples:
    """Whole slices, each with its neighbors as channels; an epoch has all positive slices and some of the negative
    ones.

    `hu` is (S, H, W) int16 over all scans, `neighbours` (S, C) the index into it of each channel, `mask` (S, H, W)
    bool, `labels` (S, 5) bool. For each positive slice an epoch has `negatives` slices without hemorrhage, drawn anew
    each time; lesions of other slices are pasted into the fraction `paste` of these, with `faint` at random opacity.
    `known` says which of the labels are known (None: all); slices of which it is not known whether they have hemorrhage
    are not drawn.
    """

    def __init__(
        self,
        hu: NDArray[np.int16],
        neighbours: NDArray[np.int64],
        mask: NDArray[np.bool_],
        labels: NDArray[np.bool_],
        negatives: float,
        paste: float = 0.0,
        *,
        faint: bool = False,
        copies: Copies | None = None,
        known: SliceLabels | None = None,
    ) -> None:
        self._hu, self._neighbours, self._mask = torch.from_numpy(hu), neighbours, torch.from_numpy(mask)
        self._known = known
        self._positive = labels.any(axis=1) if known is None else known.positive
        self._drawn = np.ones(len(hu), bool) if known is None else known.slices
        self._copies = copies
        self._copied = np.zeros(len(hu), bool) if copies is None else copies.copied
        if not self._positive.any():
            raise BadConfig("expected training slices with hemorrhage, found none")
        self._labels = torch.from_numpy(labels)
        self._negatives, self._paste = negatives, paste
        self._pasting = Pasting(hu, neighbours, mask) if paste else None
        self._opacities = _OPACITIES if faint else _OPACITIES[:1]

    def epoch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Every positive slice and a new draw of the others, shuffled.

        An example is the index of its slice; if a lesion is pasted into it, S times the number of the paste, from 1, is
        added:
        the source, whether it is mirrored, and its opacity.
        """
        chosen, others = (np.flatnonzero(of & self._drawn & ~self._copied) for of in (self._positive, ~self._positive))
        n_others = min(len(others), max(1, round(self._negatives * len(chosen))))
        without = rng.choice(others, n_others, replace=False)
        if self._copies is not None:
            chosen, without = self._with_copies(chosen, rng), self._with_copies(without, rng)
        if self._pasting is not None and len(self._pasting.sources):
            into = rng.random(n_others) < self._paste
            source = rng.choice(self._pasting.sources, n_others)
            drawn = (source, rng.integers(2, size=n_others), rng.integers(len(self._opacities), size=n_others))
            without = without + into * len(self._hu) * (1 + np.ravel_multi_index(drawn, self._pastings))
        return rng.permutation(np.concatenate([chosen, without]))

    def _with_copies(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """A share of slices of one class replaced by copied ones of that class."""
        assert self._copies is not None
        among = np.flatnonzero(self._copied & (self._positive == self._positive[chosen[0]]))
        replaced = rng.random(len(chosen)) < self._copies.share
        return np.where(replaced, rng.choice(among, len(chosen)), chosen) if len(among) else chosen

    @property
    def _pastings(self) -> tuple[int, int, int]:
        """How many there are of each: sources, mirrored or not, opacities."""
        return len(self._hu), 2, len(self._opacities)

    def batch(self, indices: NDArray[np.int64], device: torch.device) -> Batch:
        """(N, C, H, W) slices with their neighbors."""
        pasted, slices = np.divmod(indices, len(self._hu))
        # Data are transferred as stored and converted on the device, since GPUs wait for their batches.
        hu = self._hu[torch.from_numpy(self._neighbours[slices])].to(device).to(torch.float32)
        mask = self._mask[torch.from_numpy(slices)].unsqueeze(1).to(device).to(torch.float32)
        labels = self._labels[torch.from_numpy(slices)].to(torch.float32)
        known = None if self._known is None else Known.of(self._known, slices)
        positive = None if self._known is None else torch.from_numpy(self._positive[slices]).to(torch.float32)
        for i in np.flatnonzero(pasted):
            assert self._pasting is not None  # it drew them
            source, mirror, opacity = (int(k) for k in np.unravel_index(pasted[i] - 1, self._pastings))
            made = self._pasting.paste(int(slices[i]), source, bool(mirror), self._opacities[opacity], device)
            if made is not None:
                hu[i], mask[i, 0] = made
                labels[i] = self._labels[source]
                if known is not None and positive is not None:
                    known.subtypes[i], positive[i] = torch.from_numpy(self._known.subtypes[source]), 1
        labels = labels.to(device)
        focus = None if self._copies is None else self._copies.focus[slices]
        positive = labels.amax(dim=1) if positive is None else positive.to(device)
        known = None if known is None else known.to(device)
        return Batch(hu=hu, mask=mask, positive=positive, subtypes=labels, focus=focus, known=known)


class TileSamples:
    """Square tiles cut from slices, selected as in the paper's released code.

    Every tile that contains hemorrhage, and all tiles of `negative_slices` random slices without hemorrhage of each
    subject (one in the released code); the selection is made once, with `rng`. `gray` is (S, H, W) uint8 in the brain
    window, `mask` (S, H, W) bool, `subject` (S,) an integer for each subject, `corners` (T, 2) the first row and column
    of each tile.
    """

    def __init__(
        self,
        gray: NDArray[np.uint8],
        mask: NDArray[np.bool_],
        subject: NDArray[np.int64],
        corners: NDArray[np.int64],
        tile: int,
        rng: np.random.Generator,
        negative_slices: int = 1,
    ) -> None:
        self._gray, self._mask, self._tile = gray, mask, tile
        self._corners = corners
        with_blood = [
            (s, t)
            for s in np.flatnonzero(mask.any(axis=(1, 2)))
            for t, (row, column) in enumerate(corners)
            if mask[s, row : row + tile, column : column + tile].any()
        ]
        without = []
        for one in np.unique(subject):
            candidates = np.flatnonzero((subject == one) & ~mask.any(axis=(1, 2)))
            chosen = rng.choice(candidates, min(negative_slices, len(candidates)), replace=False)
            without += [(s, t) for s in chosen for t in range(len(corners))]
        self._tiles = np.array(with_blood + without, np.int64).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self._tiles)

    def epoch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """All selected tiles, shuffled."""
        return rng.permutation(len(self._tiles))

    def batch(self, indices: NDArray[np.int64], device: torch.device) -> Batch:
        """(N, 1, tile, tile) tiles, converted from gray to HU."""
        gray = np.stack([self._cut(self._gray, s, t) for s, t in self._tiles[indices]])
        mask = np.stack([self._cut(self._mask, s, t) for s, t in self._tiles[indices]])
        hu = torch.from_numpy(gray).to(device, torch.float32) / 255 * BRAIN.width + BRAIN.lowest_hu
        return Batch(
            hu=hu.unsqueeze(1),
            mask=torch.from_numpy(mask).unsqueeze(1).to(device, torch.float32),
            positive=torch.from_numpy(mask.any(axis=(1, 2))).to(device, torch.float32),
        )

    def _cut(self, images: NDArray[np.generic], s: int, t: int) -> NDArray[np.generic]:
        row, column = self._corners[t]
        return images[s, row : row + self._tile, column : column + self._tile]
