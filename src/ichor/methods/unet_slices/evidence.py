"""What calibration needs of a case that the network was not trained on."""

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

# Voxels are counted in bins of the network's probability, 0.1 of the logit wide: a scan has four million. What lies
# below the lowest edge is what the network all but rules out, air above all.
_EDGES = np.arange(-138, 139) / 10
PROBABILITY_OF_BINS = expit(np.r_[-np.inf, _EDGES[:-1] + 0.05, np.inf])


@dataclass(frozen=True, eq=False)
class Evidence:
    """A case of n slices with m candidate lesions, and a network's output for it.

    Attributes:
        subject: whose.
        excluded: whether its lesions and voxels are not calibrated on; its slices are.
        labels: (n, 5) bool, the subtypes on each slice.
        slice_probability: (n,), not calibrated.
        subtype_probability: (n, 5), not calibrated; None from a network without that head.
        features: (m, F) of the candidates, as in `ichor.methods.unet_slices.candidates`.
        region_slice: (regions,) of the parts of candidates on each slice, and of what is in none, the slice.
        region_candidate: (regions,) and the candidate, from 1; 0 for what is in none.
        voxels: (regions, 2, bins) how many of their voxels are not hemorrhage and are, in bins of the network's
            probability for which `PROBABILITY_OF_BINS` stands.
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

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) slices with hemorrhage."""
        return np.asarray(self.labels.any(axis=1))

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
) -> Evidence:
    """The evidence of a case: its `mask` and the network's `probability` in the network's field, (n, size, size).

    `of_slices` is its output for slices, rescored where it has a rescorer: `slice_probability` (n,) and perhaps
    `subtype_probability`.
    """
    n, n_bins, per_slice = len(mask), len(PROBABILITY_OF_BINS), 1 + len(candidates.features)
    bins = np.searchsorted(expit(_EDGES), probability)
    region = np.arange(n)[:, None, None] * per_slice + candidates.labels
    counts = np.bincount(((2 * region + mask) * n_bins + bins).ravel(), minlength=n * per_slice * 2 * n_bins)
    counts = counts.reshape(n * per_slice, 2, n_bins)
    there = np.flatnonzero(counts.any(axis=(1, 2)))
    return Evidence(
        subject=case.subject,
        excluded=bool(case.excluded_from_overlap),
        labels=case.labels,
        slice_probability=of_slices["slice_probability"],
        subtype_probability=of_slices.get("subtype_probability"),
        features=candidates.features,
        region_slice=there // per_slice,
        region_candidate=there % per_slice,
        voxels=counts[there],
    )
