"""What all objects written by highdicom need: the package, valid source headers, and no patient data in warnings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ichor.formats.algorithm import MANUFACTURER
from ichor.formats.uid import named_uid
from ichor.imports import require_extra
from ichor.read.dicom.parsing import quietly
from ichor.version import __version__

# Required in every image, possibly empty (type 2 in PS3.3); some writers omit them.
TYPE_2 = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
# Used for all objects: highdicom refuses some valid character sets of sources, such as the Japanese ones.
UTF_8 = "ISO_IR 192"
SEXES = ("M", "F", "O", "")  # PS3.3 C.7.1.1


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """Attributes of an object that is the only one of its series.

    Attributes:
        series_uid, instance_uid: of the new series and its instance.
        series_number: within the study, from 1.
        description: of the series, up to 64 characters.
        created: when its content was made, required by the standard.
    """

    series_uid: str
    instance_uid: str
    series_number: int
    description: str
    created: datetime

    def arguments(self) -> dict[str, Any]:
        """What the constructors of highdicom take for it, the same for objects of every kind."""
        return {
            "series_instance_uid": self.series_uid,
            "series_number": self.series_number,
            "sop_instance_uid": self.instance_uid,
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": MANUFACTURER,
            "software_versions": __version__,
            "series_description": self.description,
            "specific_character_set": UTF_8,
            "content_date": self.created.date(),
            "content_time": self.created.time(),
        }


def import_highdicom() -> Any:
    """highdicom, an optional package that is slow to import. Raises IchorError, with the remedy, if it is missing."""
    require_highdicom()
    import highdicom

    return highdicom


def require_highdicom() -> None:
    """Raise IchorError, naming what to install, if highdicom is missing; the check does not import it."""
    require_extra("dicom-out", "highdicom", used_by="DICOM objects")


def with_required_attributes(source: Any) -> Any:
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


def make_repeatable(made: Any) -> None:
    """Remove the time of writing, which highdicom adds: the same content gives the same bytes."""
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        made.pop(keyword, None)
    made.ContributingEquipmentSequence[-1].pop("ContributionDateTime", None)  # the last item is highdicom itself


@contextmanager
def without_warnings() -> Iterator[None]:
    """Suppress highdicom's warnings about the source: they quote the patient's name."""
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with quietly():
            yield
    finally:
        logger.setLevel(level)
