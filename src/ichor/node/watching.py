"""Accepts DICOM files from a watched folder, and removes them once they are stored and in the queue."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from ichor.atomic import make_folder
from ichor.errors import OutputFailed
from ichor.node.config import Watched
from ichor.node.intake import Intake, Refused
from ichor.node.logs import log, log_error
from ichor.read.walk import files_in

REFUSED = "refused"  # where files that are not accepted are moved


class Watcher:
    """Watches one folder."""

    def __init__(self, watched: Watched, intake: Intake) -> None:
        self._watched, self._intake = watched, intake
        self._seen: dict[Path, tuple[int, int, float]] = {}
        make_folder(watched.folder, private=True)

    def look(self) -> None:
        """Accept every file that has not changed for the configured time."""
        refused = self._watched.folder / REFUSED
        seen, self._seen = self._seen, {}
        taken = 0
        for file in files_in(self._watched.folder):
            if file.is_relative_to(refused) or file.is_symlink():
                continue
            try:
                stat = file.stat()
                key, now = (stat.st_size, stat.st_mtime_ns), time.monotonic()
                before = seen.get(file)
                since = before[2] if before is not None and before[:2] == key else now
                if now - since < self._watched.still_s:
                    self._seen[file] = (*key, since)
                    continue
                taken += self._take(file, stat.st_size, refused)
            except OSError as error:  # it was moved away, or may not be read
                log_error("watched folder", error)
        if taken:
            log.info("%d images accepted from the watched folder", taken)

    def _take(self, file: Path, n_bytes: int, refused: Path) -> int:
        try:
            self._intake.check_size(n_bytes)
            self._intake.take(file.read_bytes(), priority=self._watched.priority)
        except Refused as error:
            log_error("a file in the watched folder was refused and moved", error)
            make_folder(refused, private=True)
            file.replace(refused / f"{time.time_ns()}-{os.getpid()}")
            return 0
        except OutputFailed as error:
            log_error("watched folder", error)
            return 0
        file.unlink()
        for folder in file.parents:
            if folder == self._watched.folder:
                break
            with suppress(OSError):  # it is not empty
                folder.rmdir()
        return 1
