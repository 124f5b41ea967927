"""Finding DICOM files and reading each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ichor.errors import Code, UnreadableInput
from ichor.read.dicom.header import Slice, slices_of
from ichor.read.dicom.keywords import KEYWORDS, PIXEL_KEYWORDS
from ichor.read.dicom.parsing import ImplausibleHeader, begins_like_dicom, parse, quietly
from ichor.read.walk import files_in

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
# How much file content is kept in memory while a series is chosen; beyond that, only headers.
KEPT_BYTES = 512 * 2**20
FEW = 3  # files with a warning each; more are combined


def read_headers(path: Path, files: Sequence[str] = ()) -> tuple[list[Slice], list[str]]:
    """Every slice of every DICOM file at the path, or of the given files, and warnings. Each file is opened once.

    A DICOMDIR represents its folder. Raises UnreadableInput if there is no DICOM object at all.
    """
    if path.is_file() and path.name.upper() == "DICOMDIR":
        path = path.parent
    slices: list[Slice] = []
    notes: list[str] = []
    not_dicom: list[str] = []
    left = KEPT_BYTES
    with quietly():
        for file in [path] if path.is_file() else map(path.joinpath, files) if files else files_in(path):
            name = file.name if file == path else file.relative_to(path).as_posix()
            try:
                found, kept = _slices_in(file, left)
                slices += found
                left -= kept
            except NoDicomError:
                if file.suffix.lower() in (".dcm", ".dicom", ".ima"):
                    not_dicom.append(name)
            except ImplausibleHeader as error:
                notes.append(f"{name}: {error}; ignored.")
            except _DamagedError:
                notes.append(f"{name}: the file is truncated or damaged; ignored.")
            except OSError as error:
                notes.append(f"{name}: could not be read ({error.strerror or 'input error'}); ignored.")
    notes = [*_notes_on_other_content(not_dicom), *notes]
    if not slices:
        why = "; ".join(note.rstrip(".") for note in notes[:1])
        code = Code.UNREADABLE if why else Code.UNKNOWN_FORMAT
        raise UnreadableInput(f"{path}: expected DICOM images, found none" + (f" ({why})" if why else ""), code)
    return slices, notes


def _notes_on_other_content(names: list[str]) -> list[str]:
    """Files with a DICOM suffix that are not DICOM; several are combined into one warning."""
    if len(names) > FEW:
        return [f"{len(names)} files: expected a DICOM file, found other content; ignored ({names[0]} and others)."]
    return [f"{name}: expected a DICOM file, found other content; ignored." for name in names]


class NoDicomError(Exception):
    """A file that does not begin like DICOM."""


class _DamagedError(Exception):
    """A file that begins like DICOM but is damaged."""


def _slices_in(file: Path, left: int) -> tuple[list[Slice], int]:
    """The slices of a file, and how many bytes of it are kept, at most `left`."""
    with file.open("rb") as opened:
        head = opened.read(132)
        if not begins_like_dicom(head):
            raise NoDicomError
        n_bytes = file.stat().st_size
        content = head + opened.read() if n_bytes <= left else None
    try:
        dataset: Any
        if content is None:
            dataset = _only_header(file)
        else:
            dataset = parse(content, [*KEYWORDS, *PIXEL_KEYWORDS], with_pixels=True)
        if str(dataset.file_meta.get("MediaStorageSOPClassUID", "")) == MEDIA_STORAGE_DIRECTORY:
            return [], 0  # a DICOMDIR, whatever its name
        slices = slices_of(dataset, file, n_bytes, dataset if content is not None else None)
    except (OSError, MemoryError, ImplausibleHeader):
        raise
    except Exception as error:  # pydicom raises errors of many types, some only on access
        raise _DamagedError from error
    if any(one.sop_class is None and one.series_uid is None and not any(one.size) for one in slices):
        raise _DamagedError
    if any(one.modality == "CT" and not any(one.size) for one in slices):
        raise _DamagedError
    return slices, 0 if content is None else n_bytes


def _only_header(file: Path) -> Any:
    import pydicom

    return pydicom.dcmread(file, stop_before_pixels=True, force=True, specific_tags=list(KEYWORDS))
