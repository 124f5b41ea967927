"""Output `dicom-sr`: the findings as a DICOM Structured Report, which refers to slices and segments."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ichor.findings.lesion_subtypes import subtype_areas_px
from ichor.formats.dicom_sr import measurement_report
from ichor.subtypes import Subtype
from ichor.write.dicom_common import DicomOutput, algorithm_of, facts_of, headers_of
from ichor.write.dicom_report_groups import groups_of
from ichor.write.dicom_seg import SEGMENTATION, SUBTYPES, label_of, subtypes_in
from ichor.write.result import Result

SERIES_NUMBER = 602
REPORT = "report.dcm"
DESCRIPTION = "Hemorrhage report, AI; research use only"


class DicomReport(DicomOutput):
    """report.dcm. Raises IchorError if highdicom is not installed."""

    name = "dicom-sr"
    files = (REPORT,)

    def write(self, result: Result, folder: Path) -> None:
        """Write report.dcm next to the segmentations, which were written before (`ichor.write.registry.NEEDS`)."""
        import pydicom

        from ichor.anatomy.midline import midline_shift

        subtypes = slices_of_subtypes(result)
        made = measurement_report(
            list(groups_of(result.findings, subtypes, midline_shift(result.scan))),
            headers_of(result),
            [pydicom.dcmread(folder / name) for name in ([SEGMENTATION, SUBTYPES] if subtypes else [SEGMENTATION])],
            algorithm_of(result),
            facts_of(result, self.name, SERIES_NUMBER, DESCRIPTION),
            result.scan.source.frame_numbers,
        )
        made.save_as(folder / REPORT, enforce_file_format=True)


def slices_of_subtypes(result: Result) -> dict[Subtype, tuple[int, ...]]:
    """The subtypes of the result's lesions, each with the slices of these lesions, from 0."""
    assert result.labels is not None  # `needs_mask` guarantees it
    areas_px = subtype_areas_px(result.labels)
    return {one: tuple(np.flatnonzero(areas_px[label_of(one) - 1]).tolist()) for one in subtypes_in(result)}
