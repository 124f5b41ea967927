"""The headers of the DICOM instances that a scan was read from, for objects that refer to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.dicom.parsing import looks_like_dicom, parse, quietly
from ichor.read.unpack import Selection, is_archive
from ichor.read.unpacked import unpacked
from ichor.read.walk import files_in
from ichor.scan import Scan


def read_source(scan: Scan) -> list[Any]:
    """The complete header of each slice of a DICOM scan, without pixels, as a pydicom dataset.

    Slices of one multi-frame instance share one dataset. The headers contain the patient's name and dates, which must
    not be shown. Raises UnreadableInput if the scan is not from DICOM or an instance is no longer there.
    """
    import pydicom

    from ichor.read import reading

    path = scan.source.path
    wanted = set(scan.source.instance_uids)
    if not wanted:
        raise UnreadableInput(f"{path}: expected a scan that was read from DICOM, found one from {scan.source.kind}")
    if len(set(zip(scan.source.instance_uids, scan.source.frame_numbers, strict=True))) < scan.n_slices:
        raise UnreadableInput(
            f"{path}: expected a SOP Instance UID for each of {scan.n_slices} slices, found {len(wanted)} in all: "
            "DICOM objects cannot reference individual slices"
        )
    headers = reading.headers(path, sorted(wanted))
    if missing := wanted - headers.keys():
        raise UnreadableInput(
            f"{path}: expected the {len(wanted)} DICOM instances that the scan was read from, "
            f"found that {len(missing)} of them are missing"
        )
    with quietly():
        found = {uid: pydicom.dcmread(BytesIO(header), force=True) for uid, header in headers.items()}
    return [found[uid] for uid in scan.source.instance_uids]


def headers_here(path: Path, instance_uids: list[str]) -> dict[str, bytes]:
    """The headers of these instances, as far as they are at `path`, each as a DICOM file without pixels.

    For the reading process: the files are parsed here.
    """
    wanted = set(instance_uids)
    found: dict[str, bytes] = {}
    with files_at(path) as files, quietly():
        for file in files:
            header = header_of(file)
            uid = "" if header is None else str(header.get("SOPInstanceUID", ""))
            if uid in wanted and uid not in found:
                found[uid] = _as_bytes(header)
    return found


@contextmanager
def files_at(path: Path, files: Sequence[str] = ()) -> Iterator[Iterator[Path]]:
    """The files at a path (a folder, a file, a DICOMDIR, or an archive of these), or the given ones of them."""
    if is_archive(path):
        with unpacked(path, Selection(frozenset(files))) as root:
            yield files_in(root)
    elif path.is_file():
        yield files_in(path.parent) if path.name.upper() == "DICOMDIR" else iter([path])
    else:
        yield map(path.joinpath, files) if files else files_in(path)


def header_of(file: Path) -> Any | None:
    """The header of a DICOM file; None for another or a damaged file."""
    if not looks_like_dicom(file):
        return None
    try:
        return parse(file.read_bytes(), with_pixels=False)
    except Exception:  # pydicom raises errors of many types
        return None


def _as_bytes(header: Any) -> bytes:
    """The dataset as a DICOM file; each element keeps its original bytes."""
    buffer = BytesIO()
    header.save_as(buffer)
    return buffer.getvalue()
