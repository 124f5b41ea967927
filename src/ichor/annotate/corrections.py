"""The annotation tool as the viewer of results opens it: `ichor.view.correction.Corrector`.

All results in a folder share one project, the folder `annotation` next to them. The project is opened, and its server
started, when a correction is first requested; both end with the viewer.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.import_results import add_result, put_outlines
from ichor.annotate.project import Project, ScanRecord, open_project
from ichor.annotate.project.database import holds_anything
from ichor.annotate.server.beside import ServedProject
from ichor.errors import IchorError
from ichor.view.correction import Correction
from ichor.view.opened import Opened
from ichor.view.results import Listed
from ichor.write.findings_json import FINDINGS

PROJECT = "annotation"


def project_of(result: Path) -> Path:
    """The folder of the project in which a result is corrected."""
    return result.parent / PROJECT


class Corrections:
    """The open projects, by folder; `port` is tried for the first one, and 0 means any free port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._mutex = threading.Lock()
        self._served: dict[Path, ServedProject] = {}
        self._closed = False

    def begin(self, opened: Opened, who: str, slice_index: int) -> str:
        """As `Corrector.begin` says: a link to the reader's drawing at a slice."""
        if not 0 <= slice_index < opened.scan.n_slices:
            raise IchorError(f"expected a slice from 0 to {opened.scan.n_slices - 1}, found {slice_index}")
        listed = opened.listed
        with self._mutex:
            if self._closed:
                raise IchorError("the viewer is ending")
            served = self._open(project_of(listed.folder))
            reader = served.project.add_reader(who)
            record = _record(served.project, listed) or add_result(served.project, opened, listed.folder.name, reader)
            if served.project.state(record.id, reader) == "new":
                put_outlines(served.project, record.id, opened, reader)
            return f"{served.link(reader)}#/scan/{record.id}?slice={slice_index + 1}"

    def found(self, listed: Listed) -> tuple[Correction, NDArray[np.uint8]] | None:
        """As `Corrector.found` says. A project that is not open is opened for as long as it takes to read it."""
        folder = project_of(listed.folder)
        with self._mutex:
            if (served := self._served.get(folder)) is not None:
                return _found(served.project, listed)
            if not folder.is_dir() or not holds_anything(folder):
                return None
            with open_project(folder) as project:
                return _found(project, listed)

    def stop_work(self) -> None:
        """Abort heavy work of the servers."""
        self._closed = True
        for one in list(self._served.values()):
            one.stop_work()

    def close(self) -> None:
        """End the servers and close the projects."""
        self.stop_work()
        with self._mutex:
            while self._served:
                self._served.popitem()[1].close()

    def _open(self, folder: Path) -> ServedProject:
        if folder not in self._served:
            if (folder / FINDINGS).exists():
                raise IchorError(f"{folder}: expected a free place for an annotation project, found a result")
            self._served[folder] = ServedProject(folder, self._port if not self._served else 0)
        return self._served[folder]


def _record(project: Project, listed: Listed) -> ScanRecord | None:
    """The scan of a result in its project: the one with the folder's name, if the size is the same."""
    assert listed.findings is not None
    size = listed.findings.scan.n_slices, *listed.findings.scan.size
    same = (
        one
        for one in project.scans()
        if one.name == listed.folder.name and (one.n_slices, one.rows, one.columns) == size
    )
    return next(same, None)


def _found(project: Project, listed: Listed) -> tuple[Correction, NDArray[np.uint8]] | None:
    record = _record(project, listed)
    if record is None:
        return None
    states = {one.layer: one for one in project.history(record.id) if one.kind == "state"}  # the last one of each
    begun = [one for one in states.values() if one.payload != '"new"']
    if not begun:
        return None
    last = max(begun, key=lambda one: (one.payload == '"done"', one.at))
    correction = Correction(last.who, last.at, done=last.payload == '"done"')
    return correction, project.label_map(record.id, last.layer)
