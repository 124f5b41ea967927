"""Export, subject by subject: finished subjects are not written again, and other existing content is not touched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from ichor.atomic import reporting_disk_errors, write_whole
from ichor.dataset.case import Case
from ichor.dataset.ct_ich.dataset import CtIch
from ichor.dataset.ct_ich.release import RELEASES, readme
from ichor.dataset.ct_ich.tables import Subject
from ichor.errors import IchorError
from ichor.version import __version__

LAYOUTS = ("nnunet", "bids", "dicom")
# Identifies the content of an export; it is continued only if this matches.
RECORD = "export.json"


class Target(Protocol):
    """The interface of each layout's module, created by `make(dataset, out)`."""

    title: str

    def has(self, subject: str) -> bool:
        """Whether the subject is there and complete."""
        ...

    def write(self, case: Case, person: Subject) -> None:
        """Write one subject. Raises IchorError if the layout cannot represent it."""
        ...

    def finish(self, subjects: Sequence[str]) -> None:
        """Write information about all subjects together; `subjects` are those present."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for a subject: written now, already present, or failed for a `reason`."""

    subject: str
    written: bool = False
    reason: str = ""


def export(dataset: CtIch, layout: str, out: Path, subjects: Sequence[str]) -> Iterator[Outcome]:
    """Write these subjects into `out` in one of LAYOUTS, yielding the outcome for each.

    Continues an earlier export of the same dataset in the same layout, and adds subjects to it. A subject that cannot
    be read does not stop the others. Raises IchorError if a subject is not in the dataset, `out` contains anything
    else, the disk fails, or a required package is missing.
    """
    for subject in subjects:
        if subject not in dataset.subjects:
            raise IchorError(f"{dataset.root}: expected a subject of the dataset, found {subject!r}")
    target = cast(Target, import_module(f"ichor.dataset.export.{layout}").make(dataset, out))
    with reporting_disk_errors(out):
        _claim(out, dataset, layout)
        _write_notes(out, dataset, target.title)
        for subject in subjects:
            yield _export_one(dataset, target, subject)
        target.finish([subject for subject in dataset.subjects if target.has(subject)])


def _export_one(dataset: CtIch, target: Target, subject: str) -> Outcome:
    if target.has(subject):
        return Outcome(subject)
    try:
        target.write(dataset.case(subject), dataset.demographics[subject])
    except IchorError as error:
        return Outcome(subject, reason=str(error))
    return Outcome(subject, written=True)


def _claim(out: Path, dataset: CtIch, layout: str) -> None:
    """Create the folder, or check that it is an export that can be continued."""
    record = {
        "layout": layout,
        "dataset": RELEASES[dataset.release].name,
        "fingerprint": dataset.fingerprint,
        "made_by": f"ichor {__version__}",
    }
    wanted = f"{out}: expected no such folder, or an earlier export of the same dataset as {layout} to continue"
    if out.exists() and not out.is_dir():
        raise IchorError(f"{wanted}; found a file")
    if out.is_dir() and any(out.iterdir()):
        found = _read_record(out / RECORD)
        if found is None:
            raise IchorError(f"{wanted}; found a folder with other content")
        for key, value in record.items():
            if found.get(key) != value:
                raise IchorError(f"{wanted}; found one with {key} {found.get(key)}, not {value}")
        return
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / RECORD, json.dumps(record, indent=2) + "\n")


def _read_record(path: Path) -> dict[str, str] | None:
    """The record of an earlier export; None if there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write_notes(out: Path, dataset: CtIch, title: str) -> None:
    """Write README.md, and LICENSE as it came with the dataset."""
    release = RELEASES[dataset.release]
    write_whole(out / "README.md", readme(release, title))
    whole = dataset.root / "LICENSE.txt"
    named = f"{release.name}: {release.licence}, {release.licence_url}\n{release.citation}\n"
    write_whole(out / "LICENSE", whole.read_text(encoding="utf-8", errors="replace") if whole.is_file() else named)
