"""Codes for what the segments of a DICOM Segmentation show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ichor.subtypes import Subtype


@dataclass(frozen=True, slots=True)
class Concept:
    """A coded concept: value, coding scheme and meaning (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


# PS3.16 CID 7150, Segmentation Property Category, and CID 7159, Lesion Segmentation Type. SNOMED CT's "Intracranial
# hemorrhage" (1386000) is a disorder, not a structure, and is in none of these groups.
ABNORMAL_STRUCTURE = Concept("49755003", "SCT", "Morphologically Abnormal Structure")
HEMORRHAGE = Concept("50960005", "SCT", "Hemorrhage")
# PS3.16 CID 4, Anatomic Region.
INTRACRANIAL = Concept("1101003", "SCT", "Intracranial")
# PS3.16 CID 7140 and 7153. They include no epidural or subdural space.
_REGIONS = {
    Subtype.IVH: Concept("35764002", "SCT", "Brain ventricle"),
    Subtype.IPH: Concept("12738006", "SCT", "Brain"),
    Subtype.SAH: Concept("35951006", "SCT", "Subarachnoid space"),
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
        algorithm: name and version of the algorithm; None if drawn by a person.
        algorithm_type: None for what `algorithm` says: AUTOMATIC with one, MANUAL without.
        is_ai: whether the algorithm is artificial intelligence, or processing of another kind.

    Raises ValueError for a type that needs an algorithm and has none, and for MANUAL with one.
    """

    label: str
    property: Concept
    category: Concept = ABNORMAL_STRUCTURE
    region: Concept | None = None
    algorithm: tuple[str, str] | None = None
    algorithm_type: AlgorithmType | None = None
    is_ai: bool = True

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
    return Segment(f"{subtype.label} hemorrhage ({subtype})", HEMORRHAGE, region=_REGIONS.get(subtype, INTRACRANIAL))


def description(segment: Segment, number: int) -> Any:
    """highdicom's description of the segment with that number, from 1."""
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription
    from pydicom.sr.codedict import codes

    identification = None
    if segment.algorithm is not None:
        name, version = segment.algorithm
        # PS3.16 CID 7162, Surface Processing Algorithm Family.
        family = codes.DCM.ArtificialIntelligence if segment.is_ai else codes.DCM.MorphologicalOperations
        identification = AlgorithmIdentificationSequence(name, family, version)
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=_coded(segment.category),
        segmented_property_type=_coded(segment.property),
        algorithm_type=SegmentAlgorithmTypeValues(segment.made().value),
        algorithm_identification=identification,
        anatomic_regions=None if segment.region is None else [_coded(segment.region)],
    )


def _coded(concept: Concept) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(concept.value, concept.scheme, concept.meaning)
