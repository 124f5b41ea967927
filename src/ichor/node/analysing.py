"""A thread of the node that passes studies, one at a time, to a worker process, which has its own copy of the model."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from ichor.errors import IchorError, OutputFailed
from ichor.findings.verdict import Tier
from ichor.interruption import Interrupted
from ichor.node.config import Destination, Screening
from ichor.node.config_messages import Alert
from ichor.node.keeping import Keeping
from ichor.node.logs import fields, log, log_error, short
from ichor.node.monitor import Monitor
from ichor.node.queue.analysis import Analysis
from ichor.node.queue.queue import Queue
from ichor.node.store import Store
from ichor.node.task import Ended, Task, make_work
from ichor.screening.workers import Died, Workers

LOOK_S = 0.2  # between checks for a waiting study
PAUSE_S = 10.0  # after the disk was full or the model could not be loaded

_Workers = Workers[Task, Ended]


class Analyser:
    """Analyzes studies from `run` until `stop`, in one worker process at a time. `monitor` counts what it does."""

    def __init__(
        self,
        queue: Queue,
        store: Store,
        keeping: Keeping,
        results: Path,
        settings: Screening,
        destinations: Mapping[str, Destination],
        monitor: Monitor | None = None,
    ) -> None:
        self._queue, self._store, self._keeping, self._results = queue, store, keeping, results
        self._settings, self._destinations = settings, dict(destinations)
        self._monitor = monitor or Monitor()
        self._stopping = threading.Event()
        self._workers: _Workers | None = None

    def run(self) -> None:
        """Analyze until `stop` is called. A process that dies is replaced."""
        while not self._stopping.is_set():
            try:
                with Workers(partial(make_work, self._settings), 1, log.info) as self._workers:
                    while not self._stopping.is_set():
                        if not self._analyse_next(self._workers):
                            self._stopping.wait(LOOK_S)
            except Interrupted:
                return
            except IchorError as error:  # the model cannot be loaded, or the queue cannot be read
                log_error("analysis", error)
                self._stopping.wait(PAUSE_S)

    def stop(self) -> None:
        """Stop; called from another thread. The current analysis is abandoned and repeated when the node next runs."""
        self._stopping.set()
        if self._workers is not None:
            self._workers.end_now()

    def _analyse_next(self, workers: _Workers) -> bool:
        """Analyze the next study; returns whether there was one."""
        analysis = self._queue.analyses.next()
        if analysis is None:
            return False
        if analysis.missing:
            reason = (
                f"{analysis.missing} of {analysis.missing + len(analysis.files)} images were deleted after an earlier "
                "result: send the whole study again"
            )
            self._settle(analysis, Ended("unusable", reason=reason))
            return True
        self._keeping.delete_earlier_content(analysis.study)
        task = Task(
            images=self._store.folder(analysis.study),
            files=analysis.files,
            result=self._results / analysis.name,
            number=analysis.number,
            replaces=analysis.replaces,
        )
        late = threading.Timer(self._settings.most_s, workers.end_now)
        late.daemon = True
        late.start()
        try:
            for _, ended in workers.each(deque([task])):
                self._settle(analysis, ended)
        except IchorError:
            self._queue.analyses.postpone(analysis)
            raise
        finally:
            late.cancel()
        return True

    def _settle(self, analysis: Analysis, ended: Ended | Died) -> None:
        """Record the outcome of an analysis."""
        if self._stopping.is_set() and isinstance(ended, Died):
            return  # the queue recovers it when the node runs again
        name, analyses = short(analysis.study), self._queue.analyses
        about = fields(analysis.study, result=analysis.number)
        outcome = "died" if isinstance(ended, Died) else ended.how
        if isinstance(ended, Died):
            waits = self._record(lambda: analyses.died(analysis, str(ended)))
            then = "trying again" if waits else "giving up"
            log.error("study %s: the worker process died; %s", name, then, extra=about)
        elif ended.how == "done":
            self._record(lambda: self._done(analysis, ended))
            again = "" if analysis.replaces is None else f", replacing result {analysis.replaces}"
            log.info("study %s: result %d%s", name, analysis.number, again, extra=about)
        elif ended.how == "unusable":
            if self._record(lambda: analyses.unusable(analysis, ended.reason)):
                log.info("study %s: its missing images have arrived, waiting to be analyzed", name, extra=about)
                return
            log.warning("study %s: cannot be screened: %s", name, ended.reason, extra=about)
        elif ended.how == "failed":
            self._record(lambda: analyses.failed(analysis, ended.reason))
            log.error("study %s: failed: %s\n%s", name, ended.reason, ended.crash, extra=about)
        else:
            self._record(lambda: analyses.postpone(analysis))
            waiting = "study %s: waiting, because the result could not be written: %s"
            log.error(waiting, name, ended.reason, extra=about)
        self._monitor.analysis(outcome, time.time() - analysis.last_at if outcome == "done" else None)
        if outcome == "no room":
            self._stopping.wait(PAUSE_S)

    def _done(self, analysis: Analysis, ended: Ended) -> None:
        """Record a result: every destination gets it; an alert is sent if the result reaches its threshold."""
        probability = 0.0 if ended.summary is None else ended.summary.probability
        alerts = {name: one for name, one in self._destinations.items() if isinstance(one, Alert)}
        reached = [name for name, one in alerts.items() if one.is_reached(Tier(ended.verdict), probability)]
        others = [name for name in self._destinations if name not in alerts]
        self._queue.analyses.done(analysis, ended.verdict, others, reached, ended.method, ended.summary)

    def _record(self, enter: Callable[[], object]) -> object:
        """Record something in the queue, retrying for as long as the disk refuses it."""
        while True:
            try:
                return enter()
            except OutputFailed as error:
                log_error("queue", error)
                if self._stopping.wait(PAUSE_S):
                    return None
