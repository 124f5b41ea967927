"""Which images make an examination: from the headers of all of them, read once and kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ichor.atomic import write_whole
from ichor.errors import UnreadableInput
from ichor.read.dicom.parsing import quietly

_TAGS = ["PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"]


@dataclass(frozen=True, slots=True)
class Examination:
    """The images of one series of one study, in the order of their names; `instances` are their UIDs."""

    patient: str
    files: tuple[str, ...]
    instances: tuple[str, ...]


def index_of(folder: Path) -> dict[str, Examination]:
    """The examinations of a folder of DICOM files, by Study Instance UID.

    A study with several series has one for each, called STUDY-2 and so on. Raises UnreadableInput for a file that is
    not DICOM or lacks one of the UIDs.
    """
    names = sorted(one.name for one in os.scandir(folder) if one.name.endswith(".dcm"))
    key = hashlib.sha256("\n".join((str(folder.resolve()), *names)).encode()).hexdigest()
    kept = _cache() / f"{key}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        found = json.loads(kept.read_text(encoding="utf-8"))
        return {
            study: Examination(one["patient"], tuple(one["files"]), tuple(one["instances"]))
            for study, one in found.items()
        }
    examinations = _read(folder, names)
    with suppress(OSError):  # it is read again where nothing can be kept
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(kept, json.dumps({study: asdict(one) for study, one in examinations.items()}))
        kept.chmod(0o600)
    return examinations


def _read(folder: Path, names: list[str]) -> dict[str, Examination]:
    with quietly(), ThreadPoolExecutor(os.cpu_count()) as executor:
        headers = [*executor.map(lambda name: _header(folder / name), names)]
    series: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for name, (patient, study, one, instance) in zip(names, headers, strict=True):
        series.setdefault((study, one, patient), []).append((name, instance))
    examinations: dict[str, Examination] = {}
    numbers: Counter[str] = Counter()
    for (study, _, patient), images in sorted(series.items()):
        numbers[study] += 1
        number = numbers[study]
        files, instances = zip(*images, strict=True)
        examinations[study if number == 1 else f"{study}-{number}"] = Examination(patient, files, instances)
    return examinations


def _header(file: Path) -> tuple[str, str, str, str]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=_TAGS)
        patient, study, series, instance = (str(getattr(header, tag)) for tag in _TAGS)
    except (OSError, InvalidDicomError, AttributeError, ValueError) as error:
        raise UnreadableInput(f"{file}: expected DICOM with {', '.join(_TAGS)}, found something else") from error
    return patient, study, series, instance


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("ichor-datasets", appauthor=False)
