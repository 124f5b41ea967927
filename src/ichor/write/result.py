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
    """The result of screening a scan.

    Attributes:
        scan: the scan, on its own grid.
        segmentation: the method's output on that grid.
        findings: the findings, as in findings.json.
        labels: (n, rows, columns) uint8, as in mask.nii.gz: 0 for unmarked voxels, else the lesion's subtype, 1 to 5 in
            the order of `Subtype`, or 1 for a method without subtypes; None for a detector.
        head: the outline of the head.
        patient: the patient's name and dates, only if the user requested them for the report.
    """

    scan: Scan
    segmentation: Segmentation
    findings: Findings
    labels: NDArray[np.uint8] | None
    head: HeadOutline
    patient: Patient | None = None

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """(n, rows, columns) bool, True where hemorrhage is marked; None for a detector."""
        return self.segmentation.mask

    @property
    def probability(self) -> NDArray[np.float32] | None:
        """(n, rows, columns) float32, the probability that each voxel is hemorrhage; None for a detector."""
        return self.segmentation.probability

    def save(self, folder: str | Path, outputs: Sequence[str] | None = None) -> Path:
        """Write the outputs with these names, or the default ones, into `folder`, and return the folder.

        The folder appears, or replaces an earlier result, in one step after everything is written; only its owner can
        read it. It always contains findings.json.

        Raises IchorError if an output is unknown or does not support this result, or if the folder contains anything
        other than a result, and OutputFailed on disk errors.
        """
        from ichor.write.folder import save

        save(self, Path(folder), outputs)
        return Path(folder)
