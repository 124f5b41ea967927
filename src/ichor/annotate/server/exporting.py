"""Exports while the server is running: one at a time, in a thread, to an archive that the browser downloads."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ichor.annotate.export.run import TARGETS, Outcome, export
from ichor.annotate.project import Project, ScanRecord
from ichor.atomic import make_folder, reporting_disk_errors, write_whole
from ichor.errors import IchorError

FOLDER = "exports"


@dataclass
class Export:
    """The latest export: for whom, in which layout, its progress, and the outcome for each scan."""

    by: str
    target: str
    n_scans: int
    state: Literal["working", "ready", "failed"] = "working"
    error: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    archive: Path | None = None


class Stopped(IchorError):
    """The server is ending."""


class Exporting:
    """Writes exports into a private folder of the project; only the latest one is kept, until the server ends."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = project.folder / FOLDER
        self._thread = ThreadPoolExecutor(1, "export")
        self._mutex = threading.Lock()
        self._stopped = threading.Event()
        self.latest: Export | None = None

    def start(self, target: str, by: str, hidden: Callable[[ScanRecord], bool]) -> bool:
        """Start an export, unless another one is running. Raises KeyError for a layout that does not exist."""
        TARGETS[target]
        with self._mutex:
            if self.latest is not None and self.latest.state == "working":
                return False
            self.latest = Export(by, target, len(self._project.scans()))
            self._thread.submit(self._run, self.latest, hidden)
            return True

    def stop_work(self) -> None:
        """Abort at the next scan, and accept no more."""
        self._stopped.set()

    def close(self) -> None:
        """Abort, wait until nothing uses the project, and remove the exported files."""
        self.stop_work()
        self._thread.shutdown(cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, one: Export, hidden: Callable[[ScanRecord], bool]) -> None:
        try:
            shutil.rmtree(self._folder, ignore_errors=True)  # from the previous export, or left by a killed server
            out = self._folder / f"{self._project.folder.absolute().name}-{one.target}"
            with reporting_disk_errors(self._folder):
                make_folder(self._folder, private=True)
                with closing(export(self._project, one.target, out, hidden)) as outcomes:
                    for outcome in outcomes:
                        one.outcomes.append(outcome)
                        if self._stopped.is_set():
                            raise Stopped("the server is ending")
                one.archive = _zipped(out)
            one.state = "ready"
        except IchorError as error:
            one.error, one.state = str(error), "failed"
        except Exception as error:
            # An exception's message may quote patient data.
            one.error, one.state = f"the export failed ({type(error).__name__})", "failed"


def _zipped(folder: Path) -> Path:
    """Replace the folder by a private archive next to it; images in it are already compressed."""
    archive = folder.with_name(f"{folder.name}.zip")
    write_whole(archive, b"", private=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder.parent))
    shutil.rmtree(folder)
    return archive
