"""Outputs `dicom-seg` and `dicom-probability`: DICOM Segmentations for viewers and archives.

Frames refer to the instances from which the scan was read, which must still be in the same place. The objects belong to
the patient and study of their source and identify them, like every object of a study.
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

# Above the numbers that scanners use, and those of annotations.
SERIES_NUMBER, PROBABILITY_SERIES_NUMBER, SUBTYPES_SERIES_NUMBER = 600, 601, 604
SEGMENTATION, SUBTYPES, PROBABILITY = "segmentation.dcm", "subtypes.dcm", "probability.dcm"
DESCRIPTION = "Intracranial hemorrhage, AI; research use only"
SUBTYPES_DESCRIPTION = "Hemorrhage subtypes, AI; research use only"
PROBABILITY_DESCRIPTION = "Hemorrhage probability, AI; research use only"


class DicomSeg(DicomOutput):
    """segmentation.dcm, all hemorrhage, and subtypes.dcm, a segment for each subtype of the lesions; both binary.

    They are two objects so that no segments overlap: some viewers, such as OHIF 3.13.2, lose overlapping segments.
    Subtypes are assigned to lesions (`ichor.findings.lesion_subtypes`), so each segment consists of whole lesions.
    Without any subtype there is no subtypes.dcm. Raises IchorError if highdicom is not installed.
    """

    name = "dicom-seg"
    files = (SEGMENTATION,)

    def write(self, result: Result, folder: Path) -> None:
        """Write segmentation.dcm, and subtypes.dcm."""
        assert result.mask is not None  # `needs_mask` guarantees it
        facts = facts_of(result, self.name, SERIES_NUMBER, DESCRIPTION)
        _write(result, result.mask, [INTRACRANIAL_HEMORRHAGE], facts, folder / SEGMENTATION)
        if subtypes := subtypes_in(result):
            masks = np.stack([result.labels == label_of(subtype) for subtype in subtypes], axis=-1)
            facts = facts_of(result, "subtypes", SUBTYPES_SERIES_NUMBER, SUBTYPES_DESCRIPTION)
            _write(result, masks, list(map(subtype_segment, subtypes)), facts, folder / SUBTYPES)


class DicomProbability(DicomOutput):
    """probability.dcm, fractional: the probability that each voxel is hemorrhage, of any subtype, in steps of 1/255.

    Raises IchorError if highdicom is not installed.
    """

    name = "dicom-probability"
    files = (PROBABILITY,)

    def write(self, result: Result, folder: Path) -> None:
        """Write probability.dcm."""
        assert result.probability is not None  # `needs_mask` guarantees it
        facts = facts_of(result, self.name, PROBABILITY_SERIES_NUMBER, PROBABILITY_DESCRIPTION)
        _write(result, result.probability, [INTRACRANIAL_HEMORRHAGE], facts, folder / PROBABILITY)


def subtypes_in(result: Result) -> list[Subtype]:
    """The subtypes of the result's lesions, in their order; none for a method without subtypes."""
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
