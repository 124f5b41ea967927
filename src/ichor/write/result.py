"""`Result`: a scan with its segmentation and findings, from which every output is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.head import HeadOutline
from ichor.findings.schema import Findings
from ichor.read.dicom.patient import Patient
from ichor.scan import Scan
from ichor.segmentation import Segmentation


@dataclass(frozen=True, eq=False)
class Result:
    """What screening a scan gives.

    Attributes:
        scan: as it was read, on its own grid.
        segmentation: the method's output on that grid.
        findings: what is reported of the scan, as findings.json holds it.
        labels: (n, rows, columns) uint8, as mask.nii.gz holds it: 0 where nothing is marked, elsewhere the lesion's
            subtype, 1 to 5 in the order of `Subtype`, or 1 from a method without subtypes; None from a detector.
        head: the outline of the head.
        patient: whose scan it is, for the report of a user who asked for that; None for everybody else.
    """

    scan: Scan
    segmentation: Segmentation
    findings: Findings
    labels: NDArray[np.uint8] | None
    head: HeadOutline
    patient: Patient | None = None

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """(n, rows, columns) bool, True where hemorrhage is marked; None from a detector."""
        return self.segmentation.mask

    @property
    def probability(self) -> NDArray[np.float32] | None:
        """(n, rows, columns) float32 in 0..1, that a voxel is hemorrhage; None from a detector."""
        return self.segmentation.probability

    def save(self, folder: str | Path, outputs: Sequence[str] | None = None) -> Path:
        """Write the outputs of these names, or the default ones, into `folder`, which is returned.

        The folder appears, or takes the place of an earlier result, in one step and when all of it is written; only
        its owner may read it. findings.json is always in it.

        Raises IchorError where an output is unknown or cannot be made of this result, or where the folder holds
        anything but a result, and OutputFailed where the disk refuses it.
        """
        from ichor.write.folder import save

        save(self, Path(folder), outputs)
        return Path(folder)
