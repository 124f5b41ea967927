"""Imports results of `ichor screen` as a reader's drawing, to be corrected without running the model again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ichor.annotate.project import UNSTATED, Project, ScanRecord
from ichor.errors import IchorError
from ichor.orientation import from_radiological
from ichor.read import ScanPath
from ichor.view.opened import Opened, open_result
from ichor.view.results import Listed


def import_results(
    project: Project, results: Sequence[Listed], reader: str, given: Sequence[ScanPath] = ()
) -> Iterator[tuple[str, str]]:
    """Add scans with the outlines of their results; the reading is in progress, and no slice counts as viewed.

    Yields each scan's name with the reason why it was left out, or "". The origin of the outlines is "ai", as for those
    that the tool requests from the model. Probabilities are kept if the result has them. `given` are the scans whose
    location the user gave.
    """
    reader = project.add_reader(reader)
    there = {(record.source_path, record.name) for record in project.scans()}
    for one in results:
        try:
            _import_one(project, one, reader, given, there)
        except IchorError as error:
            yield one.name, str(error)
        else:
            yield one.name, ""


def _import_one(
    project: Project, one: Listed, reader: str, given: Sequence[ScanPath], there: set[tuple[str, str]]
) -> None:
    opened = open_result(one, given)
    if (str(opened.scan.source.path.absolute()), one.name) in there:
        raise IchorError("it is already in the project")
    if opened.labels is None:
        raise IchorError(f"{one.folder}: expected a result with mask.nii.gz, found none")
    add_result(project, opened, one.name, reader)


def add_result(project: Project, opened: Opened, name: str, reader: str) -> ScanRecord:
    """Add the scan of a result under a name, with its outlines, if it has any, as a reader's drawing."""
    # All or nothing, because a scan that is in the project counts as imported.
    with project.transaction():
        record = project.add_scan(opened.scan, subject=name, name=name)
        put_outlines(project, record.id, opened, reader)
    return record


def put_outlines(project: Project, scan_id: int, opened: Opened, reader: str) -> None:
    """Store the outlines of a result as a reader's drawing of a scan of the project."""
    if opened.labels is None:
        return
    labels = from_radiological(opened.labels, opened.scan)
    if opened.listed.findings is not None and opened.listed.findings.hemorrhage.subtypes is None:
        labels = np.where(labels > 0, np.uint8(UNSTATED), np.uint8(0))
    with project.transaction():
        for index in np.flatnonzero(labels.any(axis=(1, 2))).tolist():
            project.put_label_map(scan_id, reader, index, labels[index], by=reader, origins="ai")
        if (steps := opened.probability()) is not None:
            project.put_probability(scan_id, from_radiological(steps, opened.scan) / np.float32(255))
