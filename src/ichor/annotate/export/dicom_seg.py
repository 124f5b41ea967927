"""DICOM Segmentations: for each scan from DICOM one object with a segment for each subtype, NNN.dcm.

Frames refer to the instances from which the scan was read, which must still be in the same place. The object belongs to
the patient and study of its source and identifies them, like every object of a study.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from ichor.annotate.export.annotated import Annotated, LeftOut, require_all_read
from ichor.annotate.project import UNSTATED, Origin
from ichor.annotate.project.origins import UNTOUCHED
from ichor.formats.algorithm import Algorithm
from ichor.formats.dicom_out import ObjectFacts, import_highdicom
from ichor.formats.dicom_seg import segmentation
from ichor.formats.segments import INTRACRANIAL_HEMORRHAGE, AlgorithmType, Segment, subtype_segment
from ichor.formats.uid import named_uid
from ichor.subtypes import Subtype
from ichor.version import __version__

# The algorithm's name if a region was not drawn by hand: the shipped model, or a tool of the page.
ALGORITHM = "Ichor"
SERIES_NUMBER = 500  # above the numbers that scanners use
SEGMENTS = {
    **{label: subtype_segment(subtype) for label, subtype in enumerate(Subtype, 1)},
    UNSTATED: INTRACRANIAL_HEMORRHAGE,
}


class DicomSegTarget:
    """Target of `ichor.annotate.export.run`. Raises IchorError if highdicom is not installed."""

    def __init__(self, folder: Path) -> None:
        import_highdicom()  # before anything is written
        self._folder = folder

    def write(self, one: Annotated) -> list[str]:
        """Write the segments that have a region, or an empty one if there are no regions."""
        from ichor.read.dicom.source import read_source

        source = one.scan.source
        if source.kind != "dicom":
            raise LeftOut(f"a Segmentation refers to DICOM images, and this scan is from {source.kind}")
        require_all_read(one)  # a slice without a frame counts as a slice without a segment
        labels = [int(label) for label in np.unique(one.label_map) if label] or [UNSTATED]
        masks = np.stack([one.label_map == label for label in labels], axis=-1)
        names = (source.series_uid or source.instance_uids[0], _digest(one), "annotation")
        facts = ObjectFacts(
            series_uid=named_uid(*names),
            instance_uid=named_uid(*names, "1"),
            series_number=SERIES_NUMBER,
            description="Hemorrhage, annotated; research use only",
            created=datetime.fromisoformat(one.changed_at).replace(tzinfo=None),
        )
        segments = [_made(SEGMENTS[label], one.origins_of(label)) for label in labels]
        made = segmentation(masks, segments, read_source(one.scan), facts, source.frame_numbers)
        made.save_as(self._folder / f"{one.case}.dcm", enforce_file_format=True)
        return []

    def finish(self) -> None:
        """Nothing is written for all scans together."""


make = DicomSegTarget


def _made(segment: Segment, origins: frozenset[Origin]) -> Segment:
    """The segment with its algorithm type.

    MANUAL if all of it was drawn by hand, AUTOMATIC if all of it is an unchanged AI outline, SEMIAUTOMATIC otherwise.
    """
    if origins <= {"drawn"}:
        return segment
    automatic = origins <= UNTOUCHED
    return replace(
        segment,
        algorithm=Algorithm(ALGORITHM, __version__, is_ai=any(origin.startswith("ai") for origin in origins)),
        algorithm_type=AlgorithmType.AUTOMATIC if automatic else AlgorithmType.SEMIAUTOMATIC,
    )


def _digest(one: Annotated) -> str:
    made = json.dumps(one.origins)
    return hashlib.sha256(one.changed_at.encode() + made.encode() + one.label_map.tobytes()).hexdigest()
