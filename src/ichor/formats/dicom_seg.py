"""Masks as a DICOM Segmentation (PS3.3 A.51), binary, each frame keyed to the source slice it was drawn on.

Frames refer to their source instances (and frames, of multi-frame ones), so nothing is resampled and no grid is
assumed: tilted gantries, uneven and overlapping slices come back pixel for pixel. highdicom writes the object.
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
from ichor.read.dicom.files import quietly
from ichor.version import __version__

# What PS3.3 demands of every image, if need be empty (type 2); old and careless writers leave some out.
TYPE_2 = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
SEXES = ("M", "F", "O", "")  # PS3.3 C.7.1.1


@dataclass(frozen=True, slots=True)
class SegFacts:
    """What a Segmentation says of itself.

    Attributes:
        series_uid, instance_uid: of the new series and the one instance in it.
        series_number: within the study, from 1.
        description: of the series, up to 64 characters.
        created: when the segments were drawn, which the standard demands.
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

    Frames without a pixel are left out, as the standard allows. Masks that are empty altogether keep all their frames:
    that nothing was found is said, where a missing object would leave it open.

    Args:
        masks: (n, rows, columns), or (n, rows, columns, segments); segments may overlap.
        segments: what each of the masks shows.
        sources: for each of the n slices the header of the instance it lies in, as
            `ichor.read.dicom.source.read_source` gives them; of one series, and either n single-frame images or one
            multi-frame image n times.
        facts: what it says of itself.
        frame_numbers: for each slice its frame in the instance, from 1, as `ichor.scan.Source` has them; looked at
            for a multi-frame image only.

    Raises IchorError where highdicom is not installed or the sources are several multi-frame images, and ValueError
    for arguments that do not fit together.
    """
    highdicom = import_highdicom()
    masks = np.asarray(masks, bool)
    if masks.ndim == 3:
        masks = masks[..., None]
    if masks.ndim != 4 or masks.shape[0] != len(sources) or masks.shape[3] != len(segments):
        expected = (len(sources), "rows", "columns", len(segments))
        raise ValueError(f"expected masks of shape {expected}, found {masks.shape}")
    images, pixels = _as_stored(masks, sources, frame_numbers)
    images = [_mended(one) for one in images]
    with _without_a_word():
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
    """highdicom, which is slow to import and an extra. Raises IchorError, with what to install, where it is missing."""
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
    """Each source image once, and the masks of all their frames in the order of these."""
    images = list({str(one.SOPInstanceUID): one for one in sources}.values())
    if not any("PerFrameFunctionalGroupsSequence" in one for one in images):
        if len(images) != len(sources):
            raise ValueError(f"expected {len(sources)} different source images, found {len(images)}")
        return images, masks.astype(np.uint8)
    if len(images) > 1:
        raise IchorError(
            f"expected single-frame DICOM images or one multi-frame image, found {len(images)} images of which some "
            "are multi-frame: a Segmentation cannot refer to them"
        )
    if len(frame_numbers) != len(sources):
        raise ValueError(f"expected a frame number for each of {len(sources)} slices, found {len(frame_numbers)}")
    pixels = np.zeros((int(images[0].NumberOfFrames), *masks.shape[1:]), np.uint8)
    pixels[np.asarray(frame_numbers) - 1] = masks
    return images, pixels


def _mended(source: Any) -> Any:
    """The header as the standard has it, where a careless writer left out or misspelled what highdicom insists on."""
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
        # The slices of a series share their coordinates, whether or not these have a name.
        whole.FrameOfReferenceUID = named_uid(str(whole.SeriesInstanceUID), "frame of reference")
    if "PerFrameFunctionalGroupsSequence" in whole:
        shared, first = whole.SharedFunctionalGroupsSequence[0], whole.PerFrameFunctionalGroupsSequence[0]
        for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
            if keyword not in shared:  # told for each frame, the same for all slices of a scan
                setattr(shared, keyword, first[keyword].value)
    return whole


def _add_thickness(made: Any, images: Sequence[Any]) -> None:
    """Where the source tells no slice thickness, how far its slices are apart: the standard wants one of a volume."""
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if measures.get("SliceThickness") is not None or len(images) < 2:
        return
    along_columns, along_rows = np.reshape(np.asarray(images[0].ImageOrientationPatient, float), (2, 3))
    places = np.array([one.ImagePositionPatient for one in images], float) @ np.cross(along_columns, along_rows)
    measures.SliceThickness = ds_of(np.median(np.diff(np.sort(places))))


def _make_repeatable(made: Any, facts: SegFacts) -> None:
    """Take out of the object what highdicom makes up anew each time: the time of writing, and a random UID."""
    del made.InstanceCreationDate, made.InstanceCreationTime
    del made.ContributingEquipmentSequence[-1].ContributionDateTime  # the last one is highdicom itself
    dimensions = named_uid(facts.instance_uid, "dimensions")
    for one in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        one.DimensionOrganizationUID = dimensions


@contextmanager
def _without_a_word() -> Iterator[None]:
    """Keep highdicom from warning of what it finds odd in the source: it quotes the patient's name."""
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with quietly():
            yield
    finally:
        logger.setLevel(level)
