"""A scan with its final annotation, in the form that every target receives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import UNSTATED, Labels, Origin, Origins, Person, Project, ScanRecord
from ichor.annotate.project.consistency import contradictions
from ichor.annotate.project.findings import Finding, is_negative, slice_findings, states_negative
from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.origins import untouched
from ichor.annotate.project.runs import decode
from ichor.errors import IchorError
from ichor.scan import Scan
from ichor.subtypes import HEMORRHAGE_COLOUR, Subtype

# The meaning of each label in a label map.
LABEL_NAMES = {**dict(enumerate(Subtype, 1)), UNSTATED: "hemorrhage of no stated subtype"}
LABEL_COLOURS = {**{label: one.colour for label, one in enumerate(Subtype, 1)}, UNSTATED: HEMORRHAGE_COLOUR}

NOT_MEDICAL = "For research use only; not a medical device."


class LeftOut(IchorError):
    """Why a scan is not exported, in a few words."""


@dataclass(frozen=True, eq=False)
class Annotated:
    """A scan of the project with its final annotation.

    Attributes:
        case: its number in the export, three digits.
        record: the project's record of the scan.
        scan: as it was read.
        label_map: (n, rows, columns) uint8 on the scan's grid, the labels of LABEL_NAMES.
        slices: the labels of each slice.
        labels: those of the whole scan.
        person: the person who was scanned.
        layer: the reader who made the annotation, or "consensus".
        changed_at: when this was last changed, UTC in ISO 8601.
        origins: for each slice the origin of each label drawn on it.
        findings: the finding on each slice (ichor.annotate.project.findings).
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
    origins: tuple[Origins, ...]
    findings: tuple[Finding, ...]

    @property
    def unread(self) -> tuple[int, ...]:
        """The indices of the slices that were not viewed and are not labeled."""
        return tuple(k for k, finding in enumerate(self.findings) if finding == "unread")

    @property
    def untouched(self) -> tuple[int, ...]:
        """The indices of the slices whose regions are all unchanged AI outlines."""
        return tuple(k for k, one in enumerate(self.origins) if untouched(one))

    @property
    def rejected(self) -> tuple[int, ...]:
        """The indices of the slices whose AI outline was rejected."""
        return tuple(k for k, labels in enumerate(self.slices) if labels.ai_rejected)

    def origins_of(self, label: int) -> frozenset[Origin]:
        """The origins of the regions of a label, over all slices."""
        return frozenset(one[label] for one in self.origins if label in one)


def annotated(project: Project, record: ScanRecord, case: str) -> Annotated:
    """The scan with its final annotation.

    Raises LeftOut if there is none, if labels and regions do not match, or if it is empty without a confirmed negative;
    UnreadableInput for a damaged file.
    """
    layer = project.final_layer(record.id)
    if layer is None:
        readings = project.states()[record.id].values()
        raise LeftOut(
            "the readers disagree and there is no finished consensus"
            if "done" in readings
            else "no reader has finished"
        )
    content = project.layer(record.id, layer)
    label_map = np.zeros((record.n_slices, record.rows, record.columns), np.uint8)
    for index, one in content.maps.items():
        label_map[index] = decode(one.runs, record.rows, record.columns)
    if is_negative(content) and not states_negative(content):
        raise LeftOut("nothing is drawn or labeled, and no reader has confirmed that there is no hemorrhage")
    findings = slice_findings(content, record.n_slices, project.looked(record.id, layer))
    slices = tuple(
        replace(labels_of(content, k), no_hemorrhage=finding == "no hemorrhage") for k, finding in enumerate(findings)
    )
    labels = labels_of(content, None)
    require_consistent(label_map, slices, labels)
    changes = [change.at for change in project.history(record.id) if change.layer == layer]
    return Annotated(
        case=case,
        record=record,
        scan=project.scan(record.id),
        label_map=label_map,
        slices=slices,
        labels=labels,
        person=project.subject(record.id),
        layer=layer,
        changed_at=max(changes),
        findings=findings,
        origins=tuple(content.maps[k].origins if k in content.maps else {} for k in range(record.n_slices)),
    )


def require_all_read(one: Annotated) -> None:
    """Raise LeftOut if a slice is unread, for a layout in which it would count as negative."""
    if one.unread:
        raise LeftOut(f"{slice_words(one.unread)} not viewed, and this layout cannot mark unread slices")


def slice_words(indices: Sequence[int]) -> str:
    """ "slice 3 was" or "slices 1, 3 were", counted from 1."""
    numbers = ", ".join(str(k + 1) for k in indices)
    return f"slice {numbers} was" if len(indices) == 1 else f"slices {numbers} were"


def origins_by_name(origins: Origins) -> dict[str, Origin]:
    """The origins of the regions of a slice, by the names of their labels."""
    return {str(LABEL_NAMES[label]): origin for label, origin in sorted(origins.items())}


def require_consistent(label_map: NDArray[np.uint8], slices: Sequence[Labels], labels: Labels) -> None:
    """Raise LeftOut if labels and the regions in (n, rows, columns) do not match."""
    drawn = frozenset(np.flatnonzero(label_map.any(axis=(1, 2))).tolist())
    if found := contradictions(drawn, slices, labels):
        raise LeftOut(found[0] if len(found) == 1 else f"{found[0]} (and {len(found) - 1} more like this)")


def case_numbers(records: Sequence[ScanRecord]) -> dict[int, str]:
    """For each scan's id a three-digit number that reveals no name.

    A subject that is such a number already and has one scan keeps it, as the subjects of ct-ich do. The others take the
    free numbers from 001, in the order in which they were added.
    """
    subjects = [record.subject for record in records]
    taken: dict[str, int] = {}
    for record in records:
        plain = record.subject.isascii() and record.subject.isdigit() and len(record.subject) <= 3
        if plain and subjects.count(record.subject) == 1:
            taken.setdefault(record.subject.zfill(3), record.id)
    kept = {scan_id: number for number, scan_id in taken.items()}
    free = (number for n in range(1, len(records) + len(taken) + 1) if (number := f"{n:03d}") not in taken)
    return {record.id: kept.get(record.id) or next(free) for record in records}
