"""Outputs `dicom-seg` and `dicom-probability`: DICOM Segmentations, for a viewer or an archive.

Frames refer to the instances that the scan was read from, which must still lie where they were. The objects belong to
the patient and study of their source, and name them as every object of a study does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.formats.dicom_out import ObjectFacts
from ichor.formats.dicom_seg import segmentation
from ichor.formats.segments import INTRACRANIAL_HEMORRHAGE, Segment, subtype_segment
from ichor.subtypes import Subtype
from ichor.write.dicom_common import DicomOutput, algorithm_of, facts_of, headers_of
from ichor.write.result import Result

# Beyond the scanner's own, and those of annotations.
SERIES_NUMBER, PROBABILITY_SERIES_NUMBER, SUBTYPES_SERIES_NUMBER = 600, 601, 604
SEGMENTATION, SUBTYPES, PROBABILITY = "segmentation.dcm", "subtypes.dcm", "probability.dcm"
DESCRIPTION = "Intracranial hemorrhage, AI; research use only"
SUBTYPES_DESCRIPTION = "Hemorrhage subtypes, AI; research use only"
PROBABILITY_DESCRIPTION = "Hemorrhage probability, AI; research use only"


class DicomSeg(DicomOutput):
    """segmentation.dcm, all hemorrhage, and subtypes.dcm, a segment for each subtype that a lesion is of; both binary.

    They are two objects so that the segments of neither overlap: viewers lose some of those that do (OHIF 3.13.2 does).
    Subtypes are told of lesions (`ichor.findings.lesion_subtypes`), so each segment of a subtype is whole lesions.
    Without any subtype there is no subtypes.dcm. Raises IchorError where highdicom is not installed.
    """

    name = "dicom-seg"
    files = (SEGMENTATION,)

    def write(self, result: Result, folder: Path) -> None:
        """Write segmentation.dcm, and subtypes.dcm."""
        assert result.mask is not None  # nobody asks for it otherwise
        facts = facts_of(result, self.name, SERIES_NUMBER, DESCRIPTION)
        _write(result, result.mask, [INTRACRANIAL_HEMORRHAGE], facts, folder / SEGMENTATION)
        if subtypes := subtypes_in(result):
            masks = np.stack([result.labels == label_of(subtype) for subtype in subtypes], axis=-1)
            facts = facts_of(result, "subtypes", SUBTYPES_SERIES_NUMBER, SUBTYPES_DESCRIPTION)
            _write(result, masks, list(map(subtype_segment, subtypes)), facts, folder / SUBTYPES)


class DicomProbability(DicomOutput):
    """probability.dcm, fractional: that each voxel is hemorrhage, of any subtype, in steps of 1/255.

    Raises IchorError where highdicom is not installed.
    """

    name = "dicom-probability"
    files = (PROBABILITY,)

    def write(self, result: Result, folder: Path) -> None:
        """Write probability.dcm."""
        assert result.probability is not None  # nobody asks for it otherwise
        facts = facts_of(result, self.name, PROBABILITY_SERIES_NUMBER, PROBABILITY_DESCRIPTION)
        _write(result, result.probability, [INTRACRANIAL_HEMORRHAGE], facts, folder / PROBABILITY)


def subtypes_in(result: Result) -> list[Subtype]:
    """The subtypes that lesions of the result are of, in their order; none from a method without subtypes."""
    if result.segmentation.subtype_probability is None or result.labels is None:
        return []
    present = np.unique(result.labels)
    return [subtype for subtype in Subtype if label_of(subtype) in present]


def label_of(subtype: Subtype) -> int:
    """Its number in `Result.labels`."""
    return 1 + list(Subtype).index(subtype)


def _write(result: Result, masks: NDArray[Any], segments: Sequence[Segment], facts: ObjectFacts, file: Path) -> None:
    algorithm = algorithm_of(result)
    made = segmentation(
        masks,
        [replace(one, algorithm=algorithm) for one in segments],
        headers_of(result),
        facts,
        result.scan.source.frame_numbers,
    )
    made.save_as(file, enforce_file_format=True)
