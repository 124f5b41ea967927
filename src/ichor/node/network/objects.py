"""The DICOM objects of a result, as they are sent to destinations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.dicom.parsing import looks_like_dicom

REPLACING = "; replaces earlier"  # with an output's longest description, 64 characters, the limit of LO
LONGEST_LO = 64


def objects_of(result: Path, *, replaces: bool) -> list[Any]:
    """The DICOM objects in a result's folder, as pydicom datasets, marked if they replace an earlier result.

    The mark is in the Series Description, which every worklist and viewer shows. Raises UnreadableInput if there is no
    such folder.
    """
    import pydicom

    try:
        files = sorted(file for file in result.iterdir() if file.is_file() and looks_like_dicom(file))
        objects = [pydicom.dcmread(file) for file in files]
    except OSError as error:
        raise UnreadableInput(f"{result}: expected a result, found {error.strerror or 'no folder'}") from error
    if replaces:
        for one in objects:
            description = str(one.get("SeriesDescription", ""))
            one.SeriesDescription = description[: LONGEST_LO - len(REPLACING)] + REPLACING
    return objects
