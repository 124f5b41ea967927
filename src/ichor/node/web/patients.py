"""Whose a study is, read at the time of the request from its result, or else from its images; kept nowhere else."""

from __future__ import annotations

from pathlib import Path

from ichor.node.services import Services
from ichor.read.dicom.patient import Identity, identity_in

MOST_BYTES = 2**18  # of a file; the patient's data are at its beginning


def identity_of(services: Services, study: str, result: str | None) -> Identity:
    """Whose the study with this key is; `result` is the name of its last result, if there is one."""
    found = [] if result is None else sorted((services.results / result).glob("*.dcm"))
    if not found:
        folder = services.store.folder(study)
        found = [folder / name for name in sorted(services.queue.studies.files_of(study))[:1]]
    return next((identity_in(content) for file in found if (content := _beginning(file))), Identity())


def _beginning(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES)
    except OSError:  # deleted in the meantime
        return b""
