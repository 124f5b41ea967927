"""The attributes of studies, series and instances that QIDO-RS returns and compares (PS3.18 10.6.3, PS3.4 C.6.2)."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """What a query asks for."""

    STUDY = 0
    SERIES = 1
    INSTANCE = 2


# Returned at each level, by keyword. Those of the levels above are added where the path does not name the study or the
# series. Modalities in Study and the numbers of related series and instances are computed.
RETURNED: dict[Level, tuple[str, ...]] = {
    Level.STUDY: (
        "SpecificCharacterSet",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ReferringPhysicianName",
        "TimezoneOffsetFromUTC",
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyInstanceUID",
        "StudyID",
        "StudyDescription",
    ),
    Level.SERIES: (
        "SpecificCharacterSet",
        "Modality",
        "TimezoneOffsetFromUTC",
        "SeriesDate",
        "SeriesTime",
        "SeriesDescription",
        "SeriesInstanceUID",
        "SeriesNumber",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
    ),
    Level.INSTANCE: (
        "SpecificCharacterSet",
        "SOPClassUID",
        "SOPInstanceUID",
        "TimezoneOffsetFromUTC",
        "InstanceNumber",
        "Rows",
        "Columns",
        "BitsAllocated",
        "NumberOfFrames",
    ),
}
MODALITIES, N_SERIES, N_INSTANCES = (
    "ModalitiesInStudy",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
N_OF_SERIES, AVAILABILITY, RETRIEVE_URL = "NumberOfSeriesRelatedInstances", "InstanceAvailability", "RetrieveURL"

KEPT = tuple(dict.fromkeys(keyword for keywords in RETURNED.values() for keyword in keywords))
NOT_COMPARED = ("SpecificCharacterSet", "TimezoneOffsetFromUTC", "Rows", "Columns", "BitsAllocated", "NumberOfFrames")
COMPARED: dict[str, Level] = {
    keyword: level for level, keywords in RETURNED.items() for keyword in keywords if keyword not in NOT_COMPARED
} | {MODALITIES: Level.STUDY}
