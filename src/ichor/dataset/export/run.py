"""Exporting subject by subject: what was written is not written again, and what lies there already is left alone."""

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
# What an export is of, in its folder: an export goes on only where this is the same.
RECORD = "export.json"


class Target(Protocol):
    """What the file of each layout offers, as `make(dataset, out)`."""

    title: str

    def has(self, subject: str) -> bool:
        """Whether the subject is there, whole."""
        ...

    def write(self, case: Case, person: Subject) -> None:
        """Write one subject. Raises IchorError where the layout cannot hold it."""
        ...

    def finish(self, subjects: Sequence[str]) -> None:
        """Write what is said of all subjects together; `subjects` are those that are there."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a subject: written now, there before, or failed for a `reason`."""

    subject: str
    written: bool = False
    reason: str = ""


def export(dataset: CtIch, layout: str, out: Path, subjects: Sequence[str]) -> Iterator[Outcome]:
    """Write these subjects into `out` in one of LAYOUTS, yielding what became of each.

    Goes on where an export of the same dataset in the same layout stopped, and adds subjects to it. A subject that
    cannot be read does not stop the others. Raises IchorError where a subject is not in the dataset, `out` holds
    anything else, the disk fails, or a package is missing that the layout needs.
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
    """Make the folder, or see that it is an export that can go on."""
    record = {
        "layout": layout,
        "dataset": RELEASES[dataset.release].name,
        "fingerprint": dataset.fingerprint,
        "made_by": f"ichor {__version__}",
    }
    wanted = f"{out}: expected no such folder, or an earlier export of the same dataset as {layout} to go on with"
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
    """What an earlier export says of itself; None where there was none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write_notes(out: Path, dataset: CtIch, title: str) -> None:
    """README.md, and LICENSE as it came with the dataset."""
    release = RELEASES[dataset.release]
    write_whole(out / "README.md", readme(release, title))
    whole = dataset.root / "LICENSE.txt"
    named = f"{release.name}: {release.licence}, {release.licence_url}\n{release.citation}\n"
    write_whole(out / "LICENSE", whole.read_text(encoding="utf-8", errors="replace") if whole.is_file() else named)
