"""Which labels of training examples are known: of voxels, of slices, of subtypes, and of scans as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ichor.dataset.case import Case
from ichor.subtypes import Subtype

N_TARGETS = 1 + len(Subtype)  # hemorrhage, and each subtype


@dataclass(frozen=True, eq=False)
class SliceLabels:
    """The labels of S slices as far as they are known.

    Attributes:
        positive: (S,) bool, slices with hemorrhage, whether or not its subtype is known.
        slices: (S,) bool, slices of which `positive` is known.
        subtypes: (S, 5) bool, which subtypes are known.
        voxels: (S,) bool, slices whose mask is known: delineated, or without hemorrhage.
    """

    positive: NDArray[np.bool_]
    slices: NDArray[np.bool_]
    subtypes: NDArray[np.bool_]
    voxels: NDArray[np.bool_]

    @classmethod
    def of_case(cls, case: Case) -> SliceLabels:
        """The labels of a case's n slices, with what follows for them from those of the scan."""
        n, known = case.scan.n_slices, case.known_slices
        positive = case.positive & known if known.any() else np.zeros(n, bool)
        if case.has_hemorrhage is False:
            known = np.ones(n, bool)
        without = known & ~positive
        subtypes = np.repeat(without[:, None], len(Subtype), axis=1)
        if case.subtypes is not None:
            subtypes |= known[:, None]
        for k, subtype in enumerate(Subtype):
            if case.of_scan.subtypes.get(subtype) is False:
                subtypes[:, k] = True
        return cls(positive, known, subtypes, without if case.delineation is None else known)

    @classmethod
    def every(cls, labels: NDArray[np.bool_]) -> SliceLabels:
        """Those of slices (S, 5) of which everything is known."""
        n = len(labels)
        return cls(labels.any(axis=1), np.ones(n, bool), np.ones((n, len(Subtype)), bool), np.ones(n, bool))

    @classmethod
    def joined(cls, each: Sequence[SliceLabels]) -> SliceLabels:
        """Those of several cases, one after another."""
        fields = ("positive", "slices", "subtypes", "voxels")
        return cls(*(np.concatenate([getattr(one, name) for one in each]) for name in fields))

    @property
    def complete(self) -> bool:
        """Whether everything is known."""
        return bool(self.slices.all() and self.subtypes.all() and self.voxels.all())


@dataclass(frozen=True, eq=False)
class Bag:
    """The slices of a scan that has hemorrhage, of which it is not known on which slices.

    Attributes:
        slices: the indices of its slices.
        targets: (6,) bool, whether the scan has hemorrhage, and each subtype.
        known: (6,) bool, which of these are to be learned from the scan as a whole.
    """

    slices: NDArray[np.int64]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]

    @classmethod
    def of_case(cls, case: Case, labels: SliceLabels, first: int) -> Bag | None:
        """Of a case whose slices begin at `first`; None where its slices say all that the scan's labels say.

        Only what the scan has is learned from it as a whole: what it has not, no slice has.
        """
        targets = np.zeros(N_TARGETS, bool)
        targets[0] = case.has_hemorrhage is True and not (labels.positive & labels.slices).any()
        for k, subtype in enumerate(Subtype):
            targets[1 + k] = case.of_scan.subtypes.get(subtype) is True and not labels.subtypes[:, k].all()
        if not targets.any():
            return None
        return cls(first + np.arange(case.scan.n_slices), targets, targets)


@dataclass(frozen=True, slots=True)
class Known:
    """Which labels of a batch of N examples are known, and those of scans.

    Attributes:
        voxels: (N,) bool, of the mask.
        slices: (N,) bool, of presence.
        subtypes: (N, 5) bool.
        scan: (N,) int64, for each example the row of its scan in `targets`; -1 for none.
        targets: (B, 6) float32, whether a scan has hemorrhage, and each subtype.
        known: (B, 6) bool, which of these are known.
    """

    voxels: Tensor
    slices: Tensor
    subtypes: Tensor
    scan: Tensor
    targets: Tensor
    known: Tensor

    @classmethod
    def of(cls, labels: SliceLabels, slices: NDArray[np.int64]) -> Known:
        """Of these slices, none of which is there for its scan."""
        return cls(
            torch.from_numpy(labels.voxels[slices]),
            torch.from_numpy(labels.slices[slices]),
            torch.from_numpy(labels.subtypes[slices]),
            torch.full((len(slices),), -1),
            torch.zeros(0, N_TARGETS),
            torch.zeros(0, N_TARGETS, dtype=torch.bool),
        )

    def to(self, device: torch.device) -> Known:
        """The same on a device."""
        return Known(*(getattr(self, field.name).to(device) for field in fields(self)))

    def within_crops(self, positive: Tensor, subtypes: Tensor | None) -> Known:
        """What is known of crops of the examples, whose labels (N,) and (N, 5) are those of whole slices.

        Of a crop whose mask is unknown it is only known that it has none of what its slice does not have.
        """
        slices = self.slices & (self.voxels | (positive == 0))
        of_subtypes = self.subtypes if subtypes is None else self.subtypes & (self.voxels[:, None] | (subtypes == 0))
        return replace(
            self,
            slices=slices,
            subtypes=of_subtypes,
            scan=torch.full_like(self.scan, -1),
            targets=self.targets[:0],
            known=self.known[:0],
        )
