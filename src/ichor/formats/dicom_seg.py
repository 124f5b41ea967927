"""Masks as a DICOM Segmentation (PS3.3 A.51), binary, each frame referring to its source slice.

Frames refer to their source instances (and frames of multi-frame ones), so nothing is resampled and no grid is assumed:
tilted gantries, uneven and overlapping slices are preserved pixel by pixel. highdicom writes the object.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import IchorError
from ichor.formats.dicom_ct import ds_of
from ichor.formats.segments import Segment, description
from ichor.formats.uid import named_uid
from ichor.read.dicom.parsing import quietly
from ichor.version import __version__

# Required in every image, possibly empty (type 2 in PS3.3); some writers omit them.
TYPE_2 = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
SEXES = ("M", "F", "O", "")  # PS3.3 C.7.1.1


@dataclass(frozen=True, slots=True)
class SegFacts:
    """Attributes of a Segmentation.

    Attributes:
        series_uid, instance_uid: of the new series and its only instance.
        series_number: within the study, from 1.
        description: of the series, up to 64 characters.
        created: when the segments were drawn, required by the standard.
    """

    series_uid: str
    instance_uid: str
    series_number: int
    description: str
    created: datetime


def segmentation(
    masks: NDArray[np.bool_],
    segments: Sequence[Segment],
    sources: Sequence[Any],
    facts: SegFacts,
    frame_numbers: Sequence[int] = (),
) -> Any:
    """The Segmentation object, a pydicom dataset.

    Empty frames are omitted, as the standard allows. If all masks are empty, all frames are kept: this states that
    nothing
    was found, which a missing object would not.

    Args:
        masks: (n, rows, columns), or (n, rows, columns, segments); segments may overlap.
        segments: what each of the masks shows.
        sources: for each of the n slices the header of its instance, from `ichor.read.dicom.source.read_source`; of one
            series, and either n single-frame images or one multi-frame image n times.
        facts: attributes of the object.
        frame_numbers: for each slice its frame in the instance, from 1, as in `ichor.scan.Source`; used only for a
            multi-frame image.

    Raises IchorError if highdicom is not installed or the sources are several multi-frame images, and ValueError for
    arguments that do not fit together.
    """
    highdicom = import_highdicom()
    masks = np.asarray(masks, bool)
    if masks.ndim == 3:
        masks = masks[..., None]
    if masks.ndim != 4 or masks.shape[0] != len(sources) or masks.shape[3] != len(segments):
        expected = (len(sources), "rows", "columns", len(segments))
        raise ValueError(f"expected masks of shape {expected}, found {masks.shape}")
    images, pixels = _as_stored(masks, sources, frame_numbers)
    images = [_with_required_attributes(one) for one in images]
    with _without_warnings():
        made = highdicom.seg.Segmentation(
            source_images=images,
            pixel_array=pixels,
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[description(one, number) for number, one in enumerate(segments, 1)],
            series_instance_uid=facts.series_uid,
            series_number=facts.series_number,
            sop_instance_uid=facts.instance_uid,
            instance_number=1,
            manufacturer="Ichor",
            manufacturer_model_name="Ichor",
            software_versions=__version__,
            device_serial_number="none",
            omit_empty_frames=bool(masks.any()),
            series_description=facts.description,
            content_date=facts.created.date(),
            content_time=facts.created.time(),
        )
    _add_thickness(made, images)
    _make_repeatable(made, facts)
    return made


def import_highdicom() -> Any:
    """highdicom, an optional package that is slow to import. Raises IchorError, with the remedy, if it is missing."""
    try:
        import highdicom
    except ModuleNotFoundError as error:
        raise _missing(error.name) from error
    return highdicom


def require_highdicom() -> None:
    """Raise IchorError, with what to install, where highdicom is missing; it is not imported for that."""
    if find_spec("highdicom") is None:
        raise _missing("highdicom")


def _missing(package: str | None) -> IchorError:
    return IchorError(
        f"DICOM Segmentations: expected the package highdicom, found no {package}; "
        "install it by pip install 'ichor-ct[dicom-out]'"
    )


def _as_stored(
    masks: NDArray[np.bool_], sources: Sequence[Any], frame_numbers: Sequence[int]
) -> tuple[list[Any], NDArray[np.uint8]]:
    """Each source image once, and the masks of all their frames in that order."""
    images = list({str(one.SOPInstanceUID): one for one in sources}.values())
    if not any("PerFrameFunctionalGroupsSequence" in one for one in images):
        if len(images) != len(sources):
            raise ValueError(f"expected {len(sources)} different source images, found {len(images)}")
        return images, masks.astype(np.uint8)
    if len(images) > 1:
        raise IchorError(
            f"expected single-frame DICOM images or one multi-frame image, found {len(images)} images of which some "
            "are multi-frame: a Segmentation cannot reference them"
        )
    if len(frame_numbers) != len(sources):
        raise ValueError(f"expected a frame number for each of {len(sources)} slices, found {len(frame_numbers)}")
    pixels = np.zeros((int(images[0].NumberOfFrames), *masks.shape[1:]), np.uint8)
    pixels[np.asarray(frame_numbers) - 1] = masks
    return images, pixels


def _with_required_attributes(source: Any) -> Any:
    """The header with attributes that highdicom requires added or corrected, if they are missing or invalid."""
    from pydicom.valuerep import DA, TM

    whole = deepcopy(source)
    for keyword in TYPE_2:
        if keyword not in whole:
            setattr(whole, keyword, "")
    if whole.PatientSex not in SEXES:
        whole.PatientSex = ""
    for keyword, parse in (("PatientBirthDate", DA), ("StudyDate", DA), ("StudyTime", TM)):
        try:
            parse(whole[keyword].value)
        except ValueError:
            setattr(whole, keyword, "")
    if not whole.get("FrameOfReferenceUID"):
        # The slices of a series share their coordinate system even if it has no UID.
        whole.FrameOfReferenceUID = named_uid(str(whole.SeriesInstanceUID), "frame of reference")
    if "PerFrameFunctionalGroupsSequence" in whole:
        shared, first = whole.SharedFunctionalGroupsSequence[0], whole.PerFrameFunctionalGroupsSequence[0]
        for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
            if keyword not in shared:  # stated per frame, but equal for all slices of a scan
                setattr(shared, keyword, first[keyword].value)
    return whole


def _add_thickness(made: Any, images: Sequence[Any]) -> None:
    """Add the slice distance as slice thickness if the source states none: the standard requires one."""
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if measures.get("SliceThickness") is not None or len(images) < 2:
        return
    along_columns, along_rows = np.reshape(np.asarray(images[0].ImageOrientationPatient, float), (2, 3))
    places = np.array([one.ImagePositionPatient for one in images], float) @ np.cross(along_columns, along_rows)
    measures.SliceThickness = ds_of(np.median(np.diff(np.sort(places))))


def _make_repeatable(made: Any, facts: SegFacts) -> None:
    """Remove what highdicom generates anew each time: the time of writing, and a random UID."""
    del made.InstanceCreationDate, made.InstanceCreationTime
    del made.ContributingEquipmentSequence[-1].ContributionDateTime  # the last item is highdicom itself
    dimensions = named_uid(facts.instance_uid, "dimensions")
    for one in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        one.DimensionOrganizationUID = dimensions


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Suppress highdicom's warnings about the source: they quote the patient's name."""
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with quietly():
            yield
    finally:
        logger.setLevel(level)
