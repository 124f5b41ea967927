"""What calibration needs from a case that the network was not trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.methods.calibration import expit
from ichor.methods.unet_slices.candidates import Candidates
from ichor.scan import FloatArray
from ichor.subtypes import Subtype

# A scan has four million voxels, so they are counted in bins of the network's probability, 0.1 wide in the logit.
# Below the lowest edge are voxels that the network all but rules out, mostly air.
_EDGES = np.arange(-138, 139) / 10
PROBABILITY_OF_BINS = expit(np.r_[-np.inf, _EDGES[:-1] + 0.05, np.inf])


@dataclass(frozen=True, eq=False)
class Evidence:
    """A case of n slices with m candidate lesions, and a network's output for it.

    Attributes:
        A region is the part of one candidate that lies on one slice, or the part of a slice outside all candidates.

        subject: the case's subject.
        excluded: whether its lesions and voxels are left out of calibration; its slices are not.
        labels: (n, 5) bool, the subtypes on each slice.
        slice_probability: (n,), not calibrated.
        subtype_probability: (n, 5), not calibrated; None from a network without that head.
        features: (m, F) of the candidates, as in `ichor.methods.unet_slices.candidates`.
        region_slice: (regions,) the slice of each region.
        region_candidate: (regions,) the candidate of each region, from 1; 0 outside all candidates.
        voxels: (regions, 2, bins) the number of voxels without and with hemorrhage, in bins of the network's
            probability; `PROBABILITY_OF_BINS` has the probability of each bin.
        patches: (m, ...) of the candidates, as in `ichor.methods.unet_slices.patches`; None if they are not used.
        hemorrhage: (n,) bool, slices with hemorrhage where their subtypes are unknown, and `labels` are all False; else
            None.
        scan_probability: of the scan, not calibrated; None: the highest of its slices.
        alone: the same of the case's slices as pictures by themselves, each as a case of one slice; empty if they have
            no parameters of their own.
    """

    subject: str
    excluded: bool
    labels: NDArray[np.bool_]
    slice_probability: FloatArray
    subtype_probability: FloatArray | None
    features: FloatArray
    region_slice: NDArray[np.int64]
    region_candidate: NDArray[np.int64]
    voxels: NDArray[np.int64]
    patches: NDArray[np.float16] | None = None
    hemorrhage: NDArray[np.bool_] | None = None
    scan_probability: float | None = None
    alone: tuple[Evidence, ...] = ()

    @property
    def of_scan(self) -> float:
        """The probability of the scan, not calibrated."""
        return float(self.slice_probability.max()) if self.scan_probability is None else self.scan_probability

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) slices with hemorrhage."""
        return np.asarray(self.labels.any(axis=1)) if self.hemorrhage is None else self.hemorrhage

    @property
    def true(self) -> NDArray[np.bool_]:
        """(m,) candidates with any voxel of hemorrhage."""
        hemorrhage = np.bincount(self.region_candidate, self.voxels[:, 1].sum(axis=1), 1 + len(self.features))
        return np.asarray(hemorrhage[1:] > 0)

    @property
    def reference(self) -> NDArray[np.int64]:
        """(n,) voxels of hemorrhage on each slice."""
        return np.bincount(self.region_slice, self.voxels[:, 1].sum(axis=1), len(self.labels)).astype(np.int64)


def evidence_of(
    case: Case,
    mask: NDArray[np.bool_],
    probability: NDArray[np.float32],
    candidates: Candidates,
    of_slices: Mapping[str, NDArray[Any]],
    scan_probability: float | None = None,
) -> Evidence:
    """Collect the evidence of a case from its `mask` and the network's `probability`, both (n, size, size).

    Both are in the network's field. `of_slices` is the output for slices, rescored if there is a rescorer:
    `slice_probability` (n,) and, with a subtype head, `subtype_probability` (n, 5). `scan_probability` is as in
    `Evidence`.
    """
    n, n_bins, per_slice = len(mask), len(PROBABILITY_OF_BINS), 1 + len(candidates.features)
    bins = np.searchsorted(expit(_EDGES), probability)
    region = np.arange(n)[:, None, None] * per_slice + candidates.labels
    counts = np.bincount(((2 * region + mask) * n_bins + bins).ravel(), minlength=n * per_slice * 2 * n_bins)
    counts = counts.reshape(n * per_slice, 2, n_bins)
    filled = np.flatnonzero(counts.any(axis=(1, 2)))
    return Evidence(
        subject=case.subject,
        excluded=bool(case.excluded_from_overlap),
        labels=np.zeros((n, len(Subtype)), bool) if case.subtypes is None else case.subtypes,
        slice_probability=of_slices["slice_probability"],
        subtype_probability=of_slices.get("subtype_probability"),
        features=candidates.features,
        region_slice=filled // per_slice,
        region_candidate=filled % per_slice,
        voxels=counts[filled],
        patches=candidates.patches,
        hemorrhage=case.positive if case.subtypes is None else None,
        scan_probability=scan_probability,
    )
