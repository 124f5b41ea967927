"""A scan with its final annotation, as every target is given it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import UNSTATED, Labels, Person, Project, ScanRecord
from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.runs import decode
from ichor.errors import IchorError
from ichor.read.ct_ich_jpg import SUBJECTS_WITH_SHIFTED_BONE
from ichor.scan import Scan
from ichor.subtypes import Subtype

# What each label of a label map stands for.
LABEL_NAMES = {**dict(enumerate(Subtype, 1)), UNSTATED: "hemorrhage of no stated subtype"}

NOT_MEDICAL = "For research use only; not a medical device."


class LeftOut(IchorError):
    """Why a scan is not exported, in a few words."""


@dataclass(frozen=True, eq=False)
class Annotated:
    """A scan of the project with the annotation that counts.

    Attributes:
        case: its number in the export, three digits.
        record: what the project says of the scan.
        scan: as it was read.
        label_map: (n, rows, columns) uint8 on the scan's grid, the labels of LABEL_NAMES.
        slices: the labels of each slice.
        labels: those of the whole scan.
        person: who was scanned.
        layer: the reader whose annotation it is, or "consensus".
        changed_at: when this was last changed, UTC in ISO 8601.
        by_machine: the indices of the slices whose outlines are the machine's, as it drew them.
    """

    case: str
    record: ScanRecord
    scan: Scan
    label_map: NDArray[np.uint8]
    slices: tuple[Labels, ...]
    labels: Labels
    person: Person
    layer: str
    changed_at: str
    by_machine: tuple[int, ...]


def annotated(project: Project, record: ScanRecord, case: str) -> Annotated:
    """The scan with its final annotation. Raises LeftOut where it has none, UnreadableInput for a damaged file."""
    layer = project.final_layer(record.id)
    if layer is None:
        readings = project.states()[record.id].values()
        raise LeftOut("the readers disagree and no consensus is done" if "done" in readings else "no reader is done")
    content = project.layer(record.id, layer)
    label_map = np.zeros((record.n_slices, record.rows, record.columns), np.uint8)
    for index, one in content.maps.items():
        label_map[index] = decode(one.runs, record.rows, record.columns)
    changes = [change.at for change in project.history(record.id) if change.layer == layer]
    return Annotated(
        case=case,
        record=record,
        scan=project.scan(record.id),
        label_map=label_map,
        slices=tuple(labels_of(content, index) for index in range(record.n_slices)),
        labels=labels_of(content, None),
        person=project.subject(record.id),
        layer=layer,
        changed_at=max(changes),
        by_machine=tuple(sorted(k for k, one in content.maps.items() if one.by_machine and one.drawn)),
    )


def case_numbers(records: Sequence[ScanRecord]) -> dict[int, str]:
    """For each scan's id a number of three digits that names nobody.

    A subject that is such a number already and has one scan keeps it, as the subjects of ct-ich do. The others take the
    free numbers from 001, in the order in which they were added, without those whose bone-window images the reader of
    the ct-ich layout leaves out.
    """
    subjects = [record.subject for record in records]
    taken: dict[str, int] = {}
    for record in records:
        plain = record.subject.isascii() and record.subject.isdigit() and len(record.subject) <= 3
        if plain and subjects.count(record.subject) == 1:
            taken.setdefault(record.subject.zfill(3), record.id)
    kept = {scan_id: number for number, scan_id in taken.items()}
    not_free = {*taken, *SUBJECTS_WITH_SHIFTED_BONE}
    free = (number for n in range(1, len(records) + len(not_free) + 1) if (number := f"{n:03d}") not in not_free)
    return {record.id: kept.get(record.id) or next(free) for record in records}
