"""Codes for what the segments of a DICOM Segmentation show."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Segment:
    """What a segment shows.

    Attributes:
        label: for people, up to 64 characters.
        property: the type of structure, within `category` (PS3.16 CID 7150).
        region: the anatomic region; None if unspecified.
        algorithm: name and version of the algorithm; None if drawn by a person.
    """

    label: str
    property: Concept
    category: Concept = ABNORMAL_STRUCTURE
    region: Concept | None = None
    algorithm: tuple[str, str] | None = None


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
        identification = AlgorithmIdentificationSequence(name, codes.DCM.ArtificialIntelligence, version)
    by_hand = identification is None
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=_coded(segment.category),
        segmented_property_type=_coded(segment.property),
        algorithm_type=SegmentAlgorithmTypeValues.MANUAL if by_hand else SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=identification,
        anatomic_regions=None if segment.region is None else [_coded(segment.region)],
    )


def _coded(concept: Concept) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(concept.value, concept.scheme, concept.meaning)
