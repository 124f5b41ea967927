"""Runs the shipped model for readers, one scan at a time, in a separate process so that nothing else has to wait.

It does not run before a reader requests it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ichor.annotate.project import Project
from ichor.annotate.server import heavy
from ichor.annotate.server.workers import OF_THE_MACHINE, Workers
from ichor.errors import IchorError

if TYPE_CHECKING:
    from ichor.annotate.machine import Suggestion


class ReadingMachine:
    """Runs the model on one scan after another and stores its probabilities and uncertainty in the project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._thread = ThreadPoolExecutor(1, "machine")
        self._workers = Workers(1, OF_THE_MACHINE)
        self._mutex = threading.Lock()
        self._asked: set[int] = set()
        self._under_way: dict[int, Future[Suggestion]] = {}

    @property
    def is_there(self) -> bool:
        """Whether a model is installed."""
        from ichor.models.package import DEFAULT_MODEL, find_package

        try:
            find_package(DEFAULT_MODEL)
        except IchorError:
            return False
        return True

    def suggest(self, scan_id: int) -> Future[Suggestion]:
        """The AI outlines of a scan, once its turn has come; simultaneous requests share one result."""
        with self._mutex:
            if scan_id not in self._under_way:
                future = self._thread.submit(self._suggest, scan_id)
                self._under_way[scan_id] = future
                future.add_done_callback(lambda _: self._under_way.pop(scan_id, None))
            return self._under_way[scan_id]

    def ask_for_uncertainty(self, scan_ids: Iterable[int]) -> None:
        """Start calculating the uncertainty of scans, once for each."""
        with self._mutex:
            new = [scan_id for scan_id in scan_ids if scan_id not in self._asked]
            self._asked.update(new)
        for scan_id in new:
            self.suggest(scan_id)

    def stop_work(self) -> None:
        """Accept no more scans and abort the current one."""
        self._workers.close()

    def close(self) -> None:
        """Close, and wait until nothing uses the project."""
        self.stop_work()
        self._thread.shutdown(cancel_futures=True)

    def _suggest(self, scan_id: int) -> Suggestion:
        found = self._workers.run(heavy.suggested, self._project.scan_file(scan_id))
        self._project.put_probability(scan_id, found.probability)
        self._project.put_uncertainty(scan_id, found.uncertainty.tolist(), found.labelling_s)
        return found
