"""Exports every finished scan of a project to a new folder, which is created completely or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from ichor.annotate.export.annotated import NOT_MEDICAL, Annotated, annotated, case_numbers, slice_words
from ichor.annotate.export.measurements import FILE as MEASUREMENTS
from ichor.annotate.export.measurements import Row, rows_of, table
from ichor.annotate.project import CONSENSUS, Project, ScanRecord
from ichor.atomic import reporting_disk_errors, whole_folder, write_whole
from ichor.errors import IchorError
from ichor.version import __version__

TARGETS = {"ct-ich": "ct_ich_layout", "nifti": "nifti", "dicom-seg": "dicom_seg", "nnunet": "nnunet", "coco": "coco"}
# Describes the export and maps cases to scans of the project, without names.
RECORD = "export.json"


class Target(Protocol):
    """What the module of each target provides, as `make(folder)`."""

    def write(self, one: Annotated) -> Sequence[str]:
        """Write a scan and return notes for a person. Raises LeftOut if the layout cannot represent it."""
        ...

    def finish(self) -> None:
        """Write what concerns all scans together."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for a scan: written as `case`, or left out for a `reason`; `notes` are for a person to read."""

    record: ScanRecord
    case: str
    reason: str = ""
    notes: tuple[str, ...] = ()


def export(
    project: Project, target: str, out: Path, hidden: Callable[[ScanRecord], bool] = lambda _: False
) -> Generator[Outcome, None, None]:
    """Write the project's finished scans into `out` as one of TARGETS, yielding the outcome for each scan.

    Scans that are `hidden` from the person who exports are left out. `out` appears when the last one is written. Raises
    IchorError if it is not empty, if no scan is finished, if the disk fails, or if a package that the target needs is
    missing.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        found = "a folder with content" if out.is_dir() else "a file"
        raise IchorError(f"{out}: expected a new folder, or an empty one, to export to, found {found}")
    records = project.scans()
    numbers = case_numbers(records)
    written: dict[str, dict[str, Any]] = {}
    measured: list[Row] = []
    with reporting_disk_errors(out), whole_folder(out, private=True) as folder:
        files = cast(Target, import_module(f"ichor.annotate.export.{TARGETS[target]}").make(folder))
        for record in records:
            if hidden(record):
                yield Outcome(record, numbers[record.id], reason="hidden until you have finished reading it")
            else:
                yield _export_one(project, files, record, numbers[record.id], written, measured)
        if not written:
            raise IchorError(f"{project.folder}: expected a scan that can be exported, found none of {len(records)}")
        files.finish()
        if measured:
            write_whole(folder / MEASUREMENTS, table(measured))
        write_whole(folder / RECORD, json.dumps(_summary(target, written, records), indent=2) + "\n")


def _export_one(
    project: Project,
    files: Target,
    record: ScanRecord,
    case: str,
    written: dict[str, dict[str, Any]],
    measured: list[Row],
) -> Outcome:
    try:
        one = annotated(project, record, case)
        notes = [*_of_the_model(one), *_of_unread_slices(one), *files.write(one)]
    except IchorError as error:
        return Outcome(record, case, reason=str(error))
    measured += rows_of(one)
    written[case] = {
        "scan": record.id,
        "annotated_by": "consensus" if one.layer == CONSENSUS else "one reader",
        "changed_at": one.changed_at,
        "unread_slices": [k + 1 for k in one.unread],
        "notes": notes,
    }
    return Outcome(record, case, notes=tuple(notes))


def _of_the_model(one: Annotated) -> list[str]:
    """Notes on AI outlines that nobody changed, and on those that were rejected."""
    by_acceptance: dict[bool, list[str]] = {True: [], False: []}
    for index in one.untouched:
        by_acceptance["ai" not in one.origins[index].values()].append(str(index + 1))
    how = {True: "were accepted as they are", False: "were neither changed nor accepted"}
    notes = [f"AI outlines on slice {', '.join(found)} {how[key]}" for key, found in by_acceptance.items() if found]
    if one.rejected:
        notes.append(f"AI outlines on slice {', '.join(str(k + 1) for k in one.rejected)} were rejected")
    return notes


def _of_unread_slices(one: Annotated) -> list[str]:
    """Notes on slices that were not viewed, or for which this is unknown."""
    notes = [f"{slice_words(one.unread)} not viewed"] if one.unread else []
    if "unknown" in one.findings:
        notes.append("finished with an earlier version of Ichor, which did not record which slices were viewed")
    return notes


def _summary(target: str, written: dict[str, dict[str, Any]], records: Sequence[ScanRecord]) -> dict[str, Any]:
    """The description of the export; `same_subject` lists cases that belong on the same side of a split."""
    subjects: dict[str, list[str]] = {}
    by_scan = {facts["scan"]: case for case, facts in written.items()}
    for record in records:
        if record.id in by_scan:
            subjects.setdefault(record.subject, []).append(by_scan[record.id])
    return {
        "target": target,
        "made_by": f"ichor {__version__}",
        "use": NOT_MEDICAL,
        "cases": written,
        "same_subject": [sorted(cases) for cases in subjects.values() if len(cases) > 1],
    }
