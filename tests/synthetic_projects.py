"""Made projects: scans of made heads with what readers drew, in every state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import Labels, Person, Project
from ichor.scan import Scan
from ichor.subtypes import Subtype

PERSON = Person(age=41.5, sex="Female", condition="Fall from a ladder", note='said "no pain", then vomited')


def drawn_map(scan: Scan) -> NDArray[np.uint8]:
    """(n, rows, columns): all six labels on slice 2, two regions of EDH that do not touch on slice 3, else nothing."""
    result = np.zeros(scan.voxels.shape, np.uint8)
    rows = np.linspace(0.2, 0.8, 7)[:, None] * scan.voxels.shape[1]
    for label in range(1, 7):
        top, bottom = int(rows[label - 1, 0]), int(rows[label, 0]) - 1
        result[2, top:bottom, scan.voxels.shape[2] // 4 : scan.voxels.shape[2] // 2] = label
    column = scan.voxels.shape[2] // 3
    result[3, 5:12, column : column + 8] = 4
    result[3, -14:-6, column - 3 : column + 4] = 4
    return result


def add_done(
    project: Project, scan: Scan, label_map: NDArray[np.uint8], *, subject: str = "head", reader: str = "ann"
) -> int:
    """Add a scan with one finished reading of it, all slices looked at; slice 1 has a fracture. Gives the scan's id."""
    project.add_reader(reader)
    scan_id = project.add_scan(scan, subject, f"scan of {subject}").id
    put(project, scan_id, reader, label_map)
    project.put_labels(scan_id, reader, 1, Labels(fracture=True), by=reader)
    if not label_map.any():
        project.put_labels(scan_id, reader, None, Labels(no_hemorrhage=True), by=reader)
    project.put_subject(scan_id, PERSON, by=reader)
    project.add_looks(scan_id, reader, range(scan.n_slices), by=reader)
    project.set_state(scan_id, reader, "done", by=reader)
    return scan_id


def put(project: Project, scan_id: int, layer: str, label_map: NDArray[np.uint8], by: str = "ann") -> None:
    """Draw the slices that hold anything."""
    for index, one in enumerate(label_map):
        if one.any():
            project.put_label_map(scan_id, layer, index, one, by=by)


def edh_map(scan: Scan, seed: int = 0) -> NDArray[np.uint8]:
    """(n, rows, columns): one epidural lens on the two middle slices, elsewhere for another seed."""
    n, rows, columns = scan.voxels.shape
    row, column = np.mgrid[:rows, :columns]
    lens = ((row - rows * (0.4 + 0.02 * seed)) / rows) ** 2 + ((column - columns * 0.6) / columns) ** 2 < 0.01
    result = np.zeros(scan.voxels.shape, np.uint8)
    result[n // 2 - 1 : n // 2 + 1, lens] = 1 + list(Subtype).index(Subtype.EDH)
    return result


def folder_of(project: Path) -> set[str]:
    """The files of a folder by their names below it."""
    return {one.relative_to(project).as_posix() for one in project.rglob("*") if one.is_file()}
