"""Output `dicom-sc`: key slices with burned-in outlines, as DICOM Secondary Captures, which any PACS can show.

The captures form one series: capture-1.dcm and so on, one for each key slice.
"""

from __future__ import annotations

from pathlib import Path

from ichor.findings.schema import NOTICE, Findings
from ichor.formats.dicom_sc import Capture, capture_image
from ichor.write.capture_picture import RADIOLOGICAL_DIRECTIONS, CapturePictures
from ichor.write.dicom_common import DicomOutput, algorithm_of, facts_of, headers_of
from ichor.write.result import Result

SERIES_NUMBER = 603
DESCRIPTION = "Hemorrhage, AI, key slices; research use only"
MOST_SLICES = 6
CAPTURE = "capture-{}.dcm"


class DicomCapture(DicomOutput):
    """capture-1.dcm, capture-2.dcm and so on. Raises IchorError if highdicom is not installed."""

    name = "dicom-sc"
    files = (CAPTURE.format(1),)

    def write(self, result: Result, folder: Path) -> None:
        """Write an image of each key slice."""
        headers, algorithm = headers_of(result), algorithm_of(result)
        facts = facts_of(result, self.name, SERIES_NUMBER, DESCRIPTION)
        pictures = CapturePictures(result)
        for number, k in enumerate(key_slices(result.findings), 1):
            one = Capture(
                pixels=pictures.of(k),
                patient_orientation=RADIOLOGICAL_DIRECTIONS,
                derivation=f"Brain window, outlines by {algorithm.name} {algorithm.version} burned in",
                comment=f"{NOTICE} The outlines were made by AI and were not reviewed by a person.",
                source=headers[k],
                frame_number=result.scan.source.frame_numbers[k],
            )
            made = capture_image(one, facts, number, algorithm)
            made.save_as(folder / CAPTURE.format(number), enforce_file_format=True)


def key_slices(found: Findings) -> list[int]:
    """The slices to look at first, in ascending order: those on which the largest lesions have their largest area.

    At most MOST_SLICES. If nothing was found, the slice with the highest probability.
    """
    centres = dict.fromkeys(one.centre_slice for one in found.hemorrhage.lesions)
    if not centres:
        return [max(found.slices, key=lambda one: one.probability).index]
    return sorted(list(centres)[:MOST_SLICES])
