"""Outputs `nifti` and `probability`: the mask and the voxel probabilities as NIfTI on the scan's grid."""

from __future__ import annotations

from pathlib import Path

from ichor.formats.nifti import write_labels, write_probability
from ichor.scan import Scan
from ichor.write.result import Result

MASK, PROBABILITY = "mask.nii.gz", "probability.nii.gz"


class Mask:
    """mask.nii.gz: 0 for unmarked voxels, else the subtype's number, or 1 for a method without subtypes."""

    name = "nifti"
    files = (MASK,)
    needs_mask = True

    def check(self, scan: Scan) -> None:
        """Every scan has a grid."""

    def write(self, result: Result, folder: Path) -> None:
        """Write mask.nii.gz."""
        assert result.labels is not None  # `needs_mask` guarantees it
        write_labels(result.labels, result.scan, folder / self.files[0])


class Probability:
    """probability.nii.gz: the probability that each voxel is hemorrhage."""

    name = "probability"
    files = (PROBABILITY,)
    needs_mask = True

    def check(self, scan: Scan) -> None:
        """Every scan has a grid."""

    def write(self, result: Result, folder: Path) -> None:
        """Write probability.nii.gz."""
        assert result.probability is not None  # `needs_mask` guarantees it
        write_probability(result.probability, result.scan, folder / self.files[0])
