"""Output `dicom-seg`: the mask as a DICOM Segmentation, for a viewer or an archive.

Its one segment is all marked hemorrhage. Frames refer to the instances that the scan was read from, which must still
lie where they were. The object belongs to the patient and study of its source, and names them as every object of a
study does.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ichor.errors import IchorError
from ichor.formats.dicom_seg import SegFacts, require_highdicom, segmentation
from ichor.formats.segments import INTRACRANIAL_HEMORRHAGE
from ichor.formats.uid import named_uid
from ichor.scan import Scan
from ichor.write.result import Result

SERIES_NUMBER = 600  # beyond the scanner's own, and those of annotations
DESCRIPTION = "Intracranial hemorrhage, AI; research use only"


class DicomSeg:
    """segmentation.dcm. Raises IchorError where highdicom is not installed."""

    name = "dicom-seg"
    files = ("segmentation.dcm",)
    needs_mask = True

    def __init__(self) -> None:
        require_highdicom()

    def check(self, scan: Scan) -> None:
        """Raise IchorError where the scan is not of one DICOM series with an identifier for each slice."""
        source = scan.source
        if source.kind != "dicom":
            raise IchorError(f"{source.path}: expected a DICOM series for the output {self.name}, found {source.kind}")
        if len(source.series_uids) > 1:
            raise IchorError(
                f"{source.path}: expected one DICOM series for the output {self.name}, "
                f"found {len(source.series_uids)} that were joined"
            )
        if len(set(zip(source.instance_uids, source.frame_numbers, strict=True))) < scan.n_slices:
            raise IchorError(
                f"{source.path}: expected a SOP Instance UID for each slice for the output {self.name}, "
                f"found {len(set(source.instance_uids))} for {scan.n_slices} slices"
            )

    def write(self, result: Result, folder: Path) -> None:
        """Write segmentation.dcm."""
        from ichor.read.dicom.source import read_source

        assert result.mask is not None  # nobody asks for it otherwise
        made_by, source = result.segmentation.made_by, result.scan.source
        now = datetime.now()
        digest = hashlib.sha256(result.mask.tobytes()).hexdigest()
        names = (source.series_uid or source.instance_uids[0], digest, now.isoformat(), "screening")
        facts = SegFacts(
            series_uid=named_uid(*names),
            instance_uid=named_uid(*names, "1"),
            series_number=SERIES_NUMBER,
            description=DESCRIPTION,
            created=now,
        )
        segment = replace(INTRACRANIAL_HEMORRHAGE, algorithm=(made_by.model or made_by.name, made_by.version))
        made = segmentation(result.mask, [segment], read_source(result.scan), facts, source.frame_numbers)
        made.save_as(folder / self.files[0], enforce_file_format=True)
