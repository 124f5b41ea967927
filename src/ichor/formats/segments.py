"""What the segments of a DICOM Segmentation show, and how they were made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ichor.formats.algorithm import Algorithm
from ichor.formats.concepts import Concept
from ichor.subtypes import Subtype

# PS3.16 CID 7150, Segmentation Property Category, and CID 7159, Lesion Segmentation Type. SNOMED CT's "Intracranial
# hemorrhage" (1386000) is a disorder, not a structure, and is in none of these groups.
ABNORMAL_STRUCTURE = Concept("cid7150", "MorphologicallyAbnormalStructure")
HEMORRHAGE = Concept("cid7159", "Hemorrhage")
# PS3.16 CID 4, Anatomic Region.
INTRACRANIAL = Concept("cid4", "Intracranial")
# PS3.16 CID 7153, Central Nervous System Segmentation Type. It includes no epidural or subdural space.
_REGIONS = {
    Subtype.IVH: Concept("cid7153", "BrainVentricle"),
    Subtype.IPH: Concept("cid7153", "Brain"),
    Subtype.SAH: Concept("cid7153", "SubarachnoidSpace"),
}


class AlgorithmType(StrEnum):
    """How a segment was made (PS3.3 C.8.20.2): by an algorithm, by one with a person's help, or by a person."""

    AUTOMATIC = "AUTOMATIC"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True)
class Segment:
    """What one segment shows, and how it was made.

    Attributes:
        label: for people, up to 64 characters.
        property: the type of structure, within `category` (PS3.16 CID 7150).
        region: the anatomic region; None if unspecified.
        algorithm: None if drawn by a person.
        algorithm_type: None for what `algorithm` says: AUTOMATIC with one, MANUAL without.
        color: in which viewers should show it, in HTML notation; None to leave it to them.

    Raises ValueError for a type that needs an algorithm and has none, and for MANUAL with one.
    """

    label: str
    property: Concept
    category: Concept = ABNORMAL_STRUCTURE
    region: Concept | None = None
    algorithm: Algorithm | None = None
    algorithm_type: AlgorithmType | None = None
    colour: str | None = None

    def __post_init__(self) -> None:
        if (self.made() is AlgorithmType.MANUAL) != (self.algorithm is None):
            raise ValueError(
                f"expected an algorithm unless the segment is MANUAL, found {self.algorithm}, {self.made()}"
            )

    def made(self) -> AlgorithmType:
        """How it was made."""
        return self.algorithm_type or (AlgorithmType.AUTOMATIC if self.algorithm else AlgorithmType.MANUAL)


INTRACRANIAL_HEMORRHAGE = Segment("Intracranial hemorrhage", HEMORRHAGE, region=INTRACRANIAL)


def subtype_segment(subtype: Subtype) -> Segment:
    """Hemorrhage of one subtype, drawn by a person."""
    label, region = f"{subtype.label} hemorrhage ({subtype})", _REGIONS.get(subtype, INTRACRANIAL)
    return Segment(label, HEMORRHAGE, region=region, colour=subtype.colour)


def description(segment: Segment, number: int) -> Any:
    """highdicom's description of the segment with that number, from 1."""
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription

    return SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=segment.category.code(),
        segmented_property_type=segment.property.code(),
        algorithm_type=SegmentAlgorithmTypeValues(segment.made().value),
        algorithm_identification=None if segment.algorithm is None else segment.algorithm.sequence(),
        anatomic_regions=None if segment.region is None else [segment.region.code()],
        display_color=None if segment.colour is None else CIELabColor.from_string(segment.colour),
    )
