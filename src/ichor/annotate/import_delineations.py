"""Imports ct-ich's delineations and labels as one reader's annotation, to be viewed and corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.export.regions import FILE, decoded_regions, read_regions
from ichor.annotate.project import UNSTATED, Labels, Person, Project
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.tables import SliceRow
from ichor.dataset.ct_ich.tables import Subject as Row
from ichor.errors import IchorError
from ichor.subtypes import Subtype

_SUBTYPES = tuple(Subtype)


def import_ct_ich(project: Project, data: Path, reader: str, subjects: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Add subjects of ct-ich (all if none are named), of either release, with its delineations and labels.

    Yields each subject with the reason why it was left out, or "". The reading is set to done, with all slices viewed.
    A region gets its subtype from regions.json, or its slice's subtype if there is only one; otherwise none. Raises
    IchorError if a subject is not in the dataset, UnreadableInput if the dataset cannot be read.
    """
    dataset = CtIch(data)
    for subject in subjects:
        if subject not in dataset.subjects:
            raise IchorError(f"{data}: expected a subject of the dataset, found {subject!r}")
    known = read_regions(data)
    reader = project.add_reader(reader)
    there = {record.source_path for record in project.scans()}
    for subject in subjects or dataset.subjects:
        if str(dataset.scan_path(subject).absolute()) in there:
            yield subject, "it is already in the project"
            continue
        try:
            _import_one(project, dataset, subject, reader, known.get(subject))
        except IchorError as error:
            yield subject, str(error)
        else:
            yield subject, ""


def _import_one(project: Project, dataset: CtIch, subject: str, reader: str, regions: object) -> None:
    case = dataset.case(subject)
    rows = dataset.slice_rows[subject]
    if isinstance(regions, dict):
        label_map = decoded_regions(dataset.root / FILE, regions, case.mask)
    else:
        label_map = _by_slice(case.mask, rows)
    # All or nothing, because a subject that is in the project counts as imported.
    with project.transaction():
        scan_id = project.add_scan(case.scan, subject=subject, name=f"ct-ich {subject}").id
        project.put_subject(scan_id, _person(dataset.demographics[subject]), by=reader)
        for index in np.flatnonzero(label_map.any(axis=(1, 2))).tolist():
            project.put_label_map(scan_id, reader, index, label_map[index], by=reader)
        for index, row in enumerate(rows):
            labels = Labels(tuple(one for one in _SUBTYPES if one in row.subtypes), row.fracture, row.no_hemorrhage)
            project.put_labels(scan_id, reader, index, labels, by=reader)
        project.add_looks(scan_id, reader, range(len(rows)), by=reader)
        project.set_state(scan_id, reader, "done", by=reader)


def _by_slice(mask: NDArray[np.bool_], rows: Sequence[SliceRow]) -> NDArray[np.uint8]:
    """(n, rows, columns) each slice's mask with its subtype, which is known if the slice has only one."""
    labels = [_SUBTYPES.index(next(iter(row.subtypes))) + 1 if len(row.subtypes) == 1 else UNSTATED for row in rows]
    return mask.astype(np.uint8) * np.array(labels, np.uint8)[:, None, None]


def _person(row: Row) -> Person:
    sex = cast(Literal["Male", "Female"], row.sex) if row.sex in ("Male", "Female") else None
    return Person(age=row.age_years, sex=sex, condition=row.condition, note=row.note)
