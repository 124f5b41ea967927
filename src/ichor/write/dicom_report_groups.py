"""The content of the DICOM report: findings as groups of measurements, each explained in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ichor.anatomy.midline import MidlineShift
from ichor.findings.parts import HemorrhageFindings, SubtypeFindings
from ichor.findings.schema import NOTICE, Findings
from ichor.findings.verdict import Tier
from ichor.formats.algorithm import Algorithm
from ichor.formats.concepts import Concept
from ichor.formats.dicom_sr import Group, Measured
from ichor.formats.segments import HEMORRHAGE, INTRACRANIAL, INTRACRANIAL_HEMORRHAGE, subtype_segment
from ichor.subtypes import Subtype
from ichor.version import __version__

# SNOMED CT's disorder, for the verdict on the scan, which delineates nothing.
DISORDER = Concept("SCT", "IntracranialHemorrhage")
PRESENCE, PROBABILITY = Concept("DCM", "PresenceOfProperty"), Concept("DCM", "Probability")
# PS3.16 CID 250 (Positive-Negative), 240 (Present-Absent), 3770 (Problem Status). Not found does not mean absent.
PRESENCE_OF = {
    Tier.NONE: Concept("cid250", "Negative"),
    Tier.POSSIBLE: Concept("cid240", "Undetermined"),
    Tier.SUSPECTED: Concept("cid3770", "Suspected"),
}
# PS3.16 CID 7472 (Volume Measurement), 7474 (General Volume Calculation Method), 7470 (Linear Measurement) and 7464
# (General Region of Interest Measurement Modifier).
VOLUME, VOXELS = Concept("cid7472", "Volume"), Concept("cid7474", "SumOfSegmentedVoxelMethodForVolume")
ELLIPSOID, ABC2 = Concept("cid7472", "VolumeOfEllipsoid"), Concept("cid7474", "LWHMethodForVolumeOfEllipsoid")
DIAMETER, MAXIMUM, TOTAL = Concept("cid7470", "Diameter"), Concept("cid7464", "Maximum"), Concept("cid7464", "Total")
# CID 7182, and CID 7153 and 244 for what is displaced, and in which direction. There is no code for midline shift.
DISPLACEMENT, BRAIN = Concept("cid7182", "LinearDisplacement"), Concept("cid7153", "Brain")
LEFT, RIGHT = Concept("cid244", "Left"), Concept("cid244", "Right")
# UCUM. pydicom's dictionary has no milliliter, but the equal cubic centimeter.
ML, MM, ONE = Concept("UCUM", "CubicCentimeter"), Concept("UCUM", "Millimeter"), Concept("UCUM", "NoUnits")

MIDLINE = Algorithm("Ichor midline shift", __version__, is_ai=False)
EVERYWHERE = ((INTRACRANIAL, None),)


def groups_of(
    found: Findings, subtypes: Mapping[Subtype, tuple[int, ...]], shift: MidlineShift | None
) -> Iterator[Group]:
    """The groups of a report on these findings.

    `subtypes` are those with a segment in the second segmentation, each with its slices.
    """
    flagged = tuple(one.index for one in found.slices if one.flagged)
    yield _scan(found, flagged)
    yield _hemorrhage(found.hemorrhage, flagged, found.scan.n_slices)
    told = {one.subtype: one for one in found.hemorrhage.subtypes or ()}
    for number, (subtype, slices) in enumerate(subtypes.items(), 1):
        yield _subtype(told[subtype], number, slices)
    if shift is not None:
        yield _midline(shift)


def _scan(found: Findings, flagged: tuple[int, ...]) -> Group:
    """The verdict, and the probabilities of the scan and of each flagged slice."""
    of_slices = (Measured(PROBABILITY, found.slices[k].probability, ONE, slices=(k,)) for k in flagged)
    return Group(
        name="Intracranial hemorrhage on the scan",
        finding=DISORDER,
        sites=EVERYWHERE,
        comment=(
            f"{NOTICE} {found.tier.words}. The first probability is that the scan shows hemorrhage of any subtype. "
            f"{_rule(found)} Each further probability is that the slice which it refers to shows hemorrhage. "
            f"{_warnings(found)}"
        ).strip(),
        measured=(Measured(PROBABILITY, found.hemorrhage.probability, ONE), *of_slices),
        evaluations=((PRESENCE, PRESENCE_OF[found.tier]),),
        slices=flagged,
    )


def _rule(found: Findings) -> str:
    verdict = found.verdict
    if verdict is None or verdict.possible is None or verdict.suspected is None:
        return "Hemorrhage is suspected if any slice is flagged."
    return (
        f"Hemorrhage is suspected from {verdict.suspected.threshold:g} on, and possible from "
        f"{verdict.possible.threshold:g} on or if a slice is flagged."
    )


def _warnings(found: Findings) -> str:
    checks = " ".join(one.message for one in found.scan.input_checks)
    return f"The scan is outside the model's intended input, and findings may be unreliable. {checks}" if checks else ""


def _hemorrhage(found: HemorrhageFindings, flagged: tuple[int, ...], n_slices: int) -> Group:
    measured = [*_volume(found.volume_ml)]
    if found.largest_diameter_mm is not None:
        measured.append(Measured(DIAMETER, found.largest_diameter_mm, MM, derivation=MAXIMUM))
    if found.abc2_ml is not None:
        measured.append(Measured(ELLIPSOID, found.abc2_ml, ML, method=ABC2, derivation=TOTAL))
    return Group(
        name=INTRACRANIAL_HEMORRHAGE.label,
        finding=HEMORRHAGE,
        sites=EVERYWHERE,
        comment=(
            f"All hemorrhage: {_where(found, flagged, n_slices)} "
            "The diameter is the largest of any lesion on one slice. The volume of the ellipsoid is the sum of the "
            "lesions' ABC/2 (Kothari 1996)."
        ),
        measured=tuple(measured),
        segment=(0, 1),
        slices=flagged,
    )


def _where(found: HemorrhageFindings, flagged: tuple[int, ...], n_slices: int) -> str:
    if not flagged:
        return f"none was found on {n_slices} slices."
    lesions = "1 lesion" if found.n_lesions == 1 else f"{found.n_lesions} lesions"
    numbers = ", ".join(str(k + 1) for k in flagged)
    return f"{lesions} on {len(flagged)} of {n_slices} slices, counted from the lowest: {numbers}."


def _subtype(found: SubtypeFindings, number: int, slices: tuple[int, ...]) -> Group:
    segment = subtype_segment(found.subtype)
    assert segment.region is not None
    return Group(
        name=segment.label,
        finding=HEMORRHAGE,
        sites=((segment.region, None),),
        comment=(
            f"{segment.label}: the volume of all lesions of this subtype. The probability is the highest of all slices "
            "that a slice shows it. Subtypes are predicted for slices; those of lesions are derived from these."
        ),
        measured=(*_volume(found.volume_ml), Measured(PROBABILITY, found.probability, ONE)),
        segment=(1, number),
        slices=slices,
    )


def _volume(volume_ml: float | None) -> Iterator[Measured]:
    if volume_ml is not None:
        yield Measured(VOLUME, volume_ml, ML, method=VOXELS)


def _midline(shift: MidlineShift) -> Group:
    mm = round(abs(shift.mm), 1)
    side, words = (None, "to neither side") if not mm else (LEFT, "to the patient's left")
    if mm and shift.mm < 0:
        side, words = RIGHT, "to the patient's right"
    return Group(
        name="Midline shift",
        finding=DISPLACEMENT,
        sites=((BRAIN, side),),
        comment=(
            f"Midline shift {words}, estimated from the symmetry of the brain at the height of the ventricles, largest "
            f"on slice {shift.slice_index + 1}, counted from the lowest; to be checked by eye."
        ),
        measured=(Measured(DISPLACEMENT, mm, MM, slices=(shift.slice_index,)),),
        slices=(shift.slice_index,),
        algorithm=MIDLINE,
    )
