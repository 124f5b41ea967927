"""The headers of the DICOM instances that a scan was read from: what an object made of it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read import archive
from ichor.read.dicom.files import looks_like_dicom, parse, quietly
from ichor.read.unpack import Selection
from ichor.read.walk import files_in
from ichor.scan import Scan


def read_source(scan: Scan) -> list[Any]:
    """For each slice of a scan from DICOM, the whole header of its instance, without pixels, as a pydicom dataset.

    Slices of one multi-frame instance share one dataset. The headers hold the patient's name and dates: nothing of
    them may be shown. Raises UnreadableInput where the scan is not from DICOM or an instance is no longer there.
    """
    import pydicom

    from ichor.read import reading

    path = scan.source.path
    wanted = set(scan.source.instance_uids)
    if not wanted:
        raise UnreadableInput(f"{path}: expected a scan that was read from DICOM, found one from {scan.source.kind}")
    if len(set(zip(scan.source.instance_uids, scan.source.frame_numbers, strict=True))) < scan.n_slices:
        raise UnreadableInput(
            f"{path}: expected a SOP Instance UID for each of {scan.n_slices} slices, found {len(wanted)} in all: no "
            "DICOM object can refer to one of them"
        )
    headers = reading.headers(path, sorted(wanted))
    if missing := wanted - headers.keys():
        raise UnreadableInput(
            f"{path}: expected the {len(wanted)} DICOM instances that the scan was read from, "
            f"found {len(missing)} of them gone"
        )
    with quietly():
        found = {uid: pydicom.dcmread(BytesIO(header), force=True) for uid, header in headers.items()}
    return [found[uid] for uid in scan.source.instance_uids]


def headers_here(path: Path, instance_uids: list[str]) -> dict[str, bytes]:
    """Of each of these instances that is at `path`, its header, as a DICOM file without pixels.

    For the reading process: what is at the path is parsed here.
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
    """The files under what the user gave (a folder, a file, a DICOMDIR, or an archive of these), or those of them."""
    if archive.accepts(path):
        with archive.unpacked(path, Selection(frozenset(files))) as root:
            yield files_in(root)
    elif path.is_file():
        yield files_in(path.parent) if path.name.upper() == "DICOMDIR" else iter([path])
    else:
        yield map(path.joinpath, files) if files else files_in(path)


def header_of(file: Path) -> Any | None:
    """The header of a DICOM file; None for another file, or one that is damaged."""
    if not looks_like_dicom(file):
        return None
    try:
        return parse(file.read_bytes(), with_pixels=False)
    except Exception:  # pydicom raises whatever its parser stumbles over
        return None


def _as_bytes(header: Any) -> bytes:
    """The dataset as a DICOM file; each element keeps the bytes it was read with."""
    buffer = BytesIO()
    header.save_as(buffer)
    return buffer.getvalue()
