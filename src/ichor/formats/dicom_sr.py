"""A measurement report as a DICOM Structured Report: PS3.16 TID 1500, as a Comprehensive 3D SR (PS3.3 A.35.13).

IHE AI Results (AIR) uses this IOD and template for results. highdicom writes the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ichor.formats.algorithm import MANUFACTURER, Algorithm
from ichor.formats.concepts import Concept
from ichor.formats.dicom_out import (
    ObjectFacts,
    import_highdicom,
    make_repeatable,
    with_required_attributes,
    without_warnings,
)
from ichor.formats.uid import named_uid

TITLE = Concept("cid7021", "ImagingMeasurementReport")  # PS3.16 CID 7021, Measurement Report Document Title
COMMENT = Concept("DCM", "Comment")
PROCEDURE = Concept("cid100", "CTUnspecifiedBodyRegion")  # CID 100, Quantitative Diagnostic Imaging Procedure


@dataclass(frozen=True, slots=True)
class Measured:
    """One number (PS3.16 TID 300).

    Attributes:
        what, value, unit: the concept, the value, and the unit in UCUM.
        method, derivation: how it was measured, and whether it is a maximum, a sum or the like; None if unspecified.
        slices: the slices of the scan, from 0, on which it was measured; empty for those of its group.
    """

    what: Concept
    value: float
    unit: Concept
    method: Concept | None = None
    derivation: Concept | None = None
    slices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Measurements of one finding, either of a segment (PS3.16 TID 1411) or of slices (TID 1501).

    Attributes:
        name: a name for human readers, unique in the report.
        finding, sites: what was found, and where; each site with its side (PS3.16 CID 244) or None.
        comment: explains the numbers to human readers.
        measured: the measurements.
        evaluations: pairs of a property and its value.
        segment: that shows it, as the segmentation's index, from 0, and the segment's number, from 1; or None.
        slices: the slices of the scan, from 0, that show it.
        algorithm: the algorithm that measured it; None for that of the report.
    """

    name: str
    finding: Concept
    sites: tuple[tuple[Concept, Concept | None], ...]
    comment: str
    measured: tuple[Measured, ...] = ()
    evaluations: tuple[tuple[Concept, Concept], ...] = ()
    segment: tuple[int, int] | None = None
    slices: tuple[int, ...] = ()
    algorithm: Algorithm | None = None


def measurement_report(
    groups: Sequence[Group],
    sources: Sequence[Any],
    segmentations: Sequence[Any],
    algorithm: Algorithm,
    facts: ObjectFacts,
    frame_numbers: Sequence[int] = (),
) -> Any:
    """The report as a pydicom dataset: complete, preliminary and unverified, because no person has reviewed it.

    Args:
        groups: the content of the report.
        sources, frame_numbers: as in `ichor.formats.dicom_seg.segmentation`.
        segmentations: the datasets with the groups' segments.
        algorithm: the algorithm that made it, which is also the device observer.
        facts: attributes of the object.

    Raises IchorError if highdicom is not installed.
    """
    highdicom = import_highdicom()
    images = [with_required_attributes(one) for one in {str(one.SOPInstanceUID): one for one in sources}.values()]
    places = [_Place(one, number) for one, number in zip(sources, frame_numbers, strict=True)]
    with without_warnings():
        content = highdicom.sr.MeasurementReport(
            observation_context=_observed_by(algorithm),
            procedure_reported=PROCEDURE.code(),
            imaging_measurements=[_group(one, places, segmentations, algorithm, facts) for one in groups],
            title=TITLE.code(),
            # highdicom lists single-frame images only.
            referenced_images=None if any("NumberOfFrames" in one for one in images) else images,
        )
        made = highdicom.sr.Comprehensive3DSR(
            evidence=[*images, *segmentations],
            content=content,
            device_serial_number="none",
            is_complete=True,
            is_verified=False,
            **facts.arguments(),
            contributing_equipment=[algorithm.equipment()],
        )
    make_repeatable(made)
    return made


@dataclass(frozen=True, slots=True)
class _Place:
    """A slice's image, with its frame if the image has several."""

    image: Any
    frame: int

    def reference(self, kind: Any) -> Any:
        """An image reference of this highdicom class."""
        several = "NumberOfFrames" in self.image
        uids = str(self.image.SOPClassUID), str(self.image.SOPInstanceUID)
        return kind(*uids, [self.frame] if several else None)


def _observed_by(algorithm: Algorithm) -> Any:
    """Device observer (PS3.16 TID 1002, 1004)."""
    from highdicom.sr import DeviceObserverIdentifyingAttributes, ObservationContext, ObserverContext

    device = DeviceObserverIdentifyingAttributes(
        uid=algorithm.device_uid, name=MANUFACTURER, manufacturer_name=MANUFACTURER, model_name=algorithm.name
    )
    return ObservationContext(ObserverContext(Concept("DCM", "Device").code(), device))


def _group(
    group: Group, places: Sequence[_Place], segmentations: Sequence[Any], algorithm: Algorithm, facts: ObjectFacts
) -> Any:
    from highdicom import sr

    common: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(named_uid(facts.instance_uid, group.name), group.name),
        "finding_type": group.finding.code(),
        "finding_sites": [sr.FindingSite(site.code(), _code(side)) for site, side in group.sites],
        "algorithm_id": (group.algorithm or algorithm).template(),
        "measurements": [_measurement(one, places) for one in group.measured],
        "qualitative_evaluations": [
            sr.QualitativeEvaluation(what.code(), value.code()) for what, value in group.evaluations
        ],
    }
    if group.segment is None:
        images = [places[k].reference(sr.SourceImageForMeasurementGroup) for k in group.slices]
        made: Any = sr.MeasurementsAndQualitativeEvaluations(**common, source_images=images)
    else:
        which, number = group.segment
        segment = _segment(number, [places[k] for k in group.slices], places[0], segmentations[which])
        made = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(**common, referenced_segment=segment)
    comment = sr.TextContentItem(COMMENT.code(), group.comment, sr.RelationshipTypeValues.CONTAINS)
    made[0].ContentSequence.append(comment)
    return made


def _segment(number: int, places: Sequence[_Place], any_place: _Place, segmentation: Any) -> Any:
    """The reference to a segment and its slices; for an empty segment, to the series of any slice."""
    from highdicom import sr

    images = [one.reference(sr.SourceImageForSegmentation) for one in places]
    series = sr.SourceSeriesForSegmentation(any_place.image.SeriesInstanceUID)
    return sr.ReferencedSegment(
        segmentation.SOPClassUID,
        segmentation.SOPInstanceUID,
        number,
        source_images=images or None,
        source_series=None if images else series,
    )


def _code(concept: Concept | None) -> Any:
    return None if concept is None else concept.code()


def _measurement(one: Measured, places: Sequence[_Place]) -> Any:
    from highdicom import sr

    return sr.Measurement(
        name=one.what.code(),
        value=one.value,
        unit=one.unit.code(),
        method=_code(one.method),
        derivation=_code(one.derivation),
        referenced_images=[places[k].reference(sr.SourceImageForMeasurement) for k in one.slices] or None,
    )
