"""The DICOM objects of a result, as they are sent to destinations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.dicom.parsing import looks_like_dicom

REPLACING = "; replaces earlier"  # with an output's longest description, 64 characters, the limit of LO
LONGEST_LO = 64


def objects_of(result: Path, *, replaces: Path | None) -> list[Any]:
    """The DICOM objects in a result's folder, as pydicom datasets, marked if they replace those of an earlier result.

    `replaces` is the folder of the earlier result. The mark is in the Series Description, which every worklist and
    viewer shows; a report also refers to the earlier one. Raises UnreadableInput if there is no such folder.
    """
    try:
        return [read_object(file, replaces=replaces) for file in object_files(result)]
    except OSError as error:
        raise UnreadableInput(f"{result}: expected a result, found {error.strerror or 'no folder'}") from error


def object_files(result: Path) -> list[Path]:
    """The files of the DICOM objects in a result's folder. Raises OSError if there is no such folder."""
    return sorted(file for file in result.iterdir() if file.is_file() and looks_like_dicom(file))


def read_object(file: Path, *, replaces: Path | None, with_pixels: bool = True) -> Any:
    """One object, marked if it replaces that of an earlier result. Raises OSError if it cannot be read."""
    import pydicom

    one = pydicom.dcmread(file, stop_before_pixels=not with_pixels)
    if replaces is not None:
        description = str(one.get("SeriesDescription", ""))
        one.SeriesDescription = description[: LONGEST_LO - len(REPLACING)] + REPLACING
        earlier = replaces / file.name
        if one.get("Modality") == "SR" and earlier.is_file():  # it may have been deleted since
            one.PredecessorDocumentsSequence = [_reference(pydicom.dcmread(earlier, stop_before_pixels=True))]
    return one


def _reference(one: Any) -> Any:
    """A reference to a document as its successor has it (PS3.3 C.17.2, Hierarchical SOP Instance Reference Macro)."""
    from pydicom.dataset import Dataset

    document, series, study = Dataset(), Dataset(), Dataset()
    document.ReferencedSOPClassUID, document.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
    series.SeriesInstanceUID, series.ReferencedSOPSequence = one.SeriesInstanceUID, [document]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = one.StudyInstanceUID, [series]
    return study
