"""Deletes images after the results were delivered, earlier content of images that changed, and finished studies.

Nothing is deleted while a backup is being made, so that every file named in its copy of the queue can be copied.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ichor.locks import Busy, one_at_a_time
from ichor.node.config import Retention
from ichor.node.logs import log, short
from ichor.node.queue.queue import Queue
from ichor.node.store import Store

BACKUP = "backup"  # the name of a lock in the node's folder
HOUR_S = 3600.0


class Keeping:
    """Deletes what a node does not have to keep any longer."""

    def __init__(self, folder: Path, results: Path, store: Store, queue: Queue) -> None:
        self._folder, self._results, self._store, self._queue = folder, results, store, queue

    def delete_earlier_content(self, study: str) -> None:
        """Delete a study's files that were superseded by later content of the same images."""
        with suppress(Busy), self._without_backup(), self._store.exclusive():
            self._store.delete_superseded(study, self._queue.studies.files_of(study))

    def delete_old(self, retention: Retention) -> None:
        """Apply the retention rule."""
        with suppress(Busy), self._without_backup():
            if retention.keep_images_h is not None:
                self._delete_images(retention.keep_images_h * HOUR_S)
            if retention.keep_results_h is not None:
                self._delete_finished(retention.keep_results_h * HOUR_S)

    def sweep(self) -> None:
        """Delete files of images that were never acknowledged. Call it when the node starts."""
        with suppress(Busy), self._without_backup():
            self._store.sweep(self._queue.studies.files())

    def _delete_images(self, keep_s: float) -> None:
        """Delete images of studies whose results were delivered this long ago, or that cannot be screened."""
        for study in self._queue.studies.deletable(keep_s):
            with self._store.exclusive():
                if self._queue.studies.mark_images_deleted(study):
                    self._store.delete(study)
                    log.info("study %s: images deleted", short(study))

    def _delete_finished(self, keep_s: float) -> None:
        """Delete results and rows of finished studies.

        Results go first: if the node is killed in between, the rows are still there and are deleted next time. The
        store is locked, so that no image arrives meanwhile.
        """
        self._queue.finished.delete_commitments(keep_s)
        for study in self._queue.finished.studies(keep_s):
            with self._store.exclusive():
                names = self._queue.finished.results(study)
                if names is None:
                    continue
                for name in names:
                    shutil.rmtree(self._results / name, ignore_errors=True)
                self._queue.finished.delete(study)
                log.info("study %s: deleted, with its results", short(study))

    @contextmanager
    def _without_backup(self) -> Iterator[None]:
        """A block during which no backup starts. Raises Busy if one is being made."""
        with one_at_a_time(self._folder / BACKUP, wait=False):
            yield
