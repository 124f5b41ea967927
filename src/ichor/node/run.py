"""A running node: its threads, from recovery after an earlier run to a clean shutdown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ichor.atomic import clear_left_overs, make_folder, reporting_disk_errors
from ichor.errors import BadConfig, IchorError
from ichor.locks import Busy, one_at_a_time
from ichor.models.package import find_package, operating_point_of
from ichor.node.analysing import Analyser
from ichor.node.config import DimseDestination, NodeConfig, WebDestination
from ichor.node.delivering import Deliverer, Reporter, transport_for
from ichor.node.intake import Intake
from ichor.node.keeping import HOUR_S, Keeping
from ichor.node.logs import log, log_error
from ichor.node.messages.reported import Reported
from ichor.node.monitor import Monitor
from ichor.node.network.answers import Answers
from ichor.node.network.committing import Committer
from ichor.node.network.listener import DicomListener
from ichor.node.queue.queue import Queue
from ichor.node.queue.retries import Retries
from ichor.node.reference import reference_of
from ichor.node.services import Services
from ichor.node.store import Store
from ichor.node.summary import complete_summaries
from ichor.node.watching import Watcher
from ichor.write.registry import outputs_of

if TYPE_CHECKING:
    from ichor.node.web.server import WebServer
    from ichor.view.correction import Corrector

RUNNING = "node"  # the name of the lock
IMAGES, RESULTS = "images", "results"
LOOK_S = 0.2
END_S = 15.0  # for each thread at the end
MIB, GIB = 2**20, 2**30


class Node:
    """The node in a folder; it runs inside its `with` block.

    `corrector` opens the annotation tool from the viewer of results. Raises IchorError, in one line, if another process
    runs it, if the configuration names something that does not exist, or if it cannot listen.

    Attributes:
        port: of the DICOM listener.
        web: the web server, if there is one.
    """

    def __init__(self, folder: Path, config: NodeConfig, corrector: Corrector | None = None) -> None:
        self._folder, self._config, self._corrector = folder, config, corrector
        self._results = folder / RESULTS
        self._stopping = threading.Event()
        self._monitor = Monitor()
        self._threads = self._monitor.threads
        self._stops: list[Callable[[], None]] = []
        self._open = ExitStack()
        self.port = 0
        self.web: WebServer | None = None

    def __enter__(self) -> Self:
        check_config(self._config)
        try:
            self._open.enter_context(_node_lock(self._folder))
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for stop in reversed(self._stops):
            stop()
        for thread in self._threads:
            thread.join(END_S)
        self._open.close()

    def _begin(self) -> None:
        config, limits = self._config, self._config.listener.limits
        with reporting_disk_errors(self._folder):
            store = Store(self._folder / IMAGES, int(limits.keep_free_gib * GIB))
            make_folder(self._results, private=True)
            clear_left_overs(self._results)
        queue = self._open.enter_context(Queue(self._folder))
        keeping = Keeping(self._folder, self._results, store, queue)
        self._recover(store, queue, keeping)
        complete_summaries(queue, self._results)
        intake = Intake(store, queue, int(limits.image_mib * MIB), self._monitor)
        retries = Retries(config.retry.first_s, config.retry.most_s, config.retry.give_up_h * HOUR_S)
        reported = Reported(self._results, store, queue)
        for name in config.destinations:
            transport = transport_for(name, config, self._results, reported)
            self._start(Deliverer(name, transport, queue, retries).run, self._stopping)
        senders = {one.ae_title: one for one in config.senders}
        self._start(Reporter(Committer(config.listener, senders, queue.studies), queue, retries).run, self._stopping)
        for _ in range(config.screening.workers):
            analyser = Analyser(
                queue, store, keeping, self._results, config.screening, config.destinations, self._monitor
            )
            self._stops.append(analyser.stop)
            self._start(analyser.run)
        watcher = None if config.watched is None else Watcher(config.watched, intake)
        self._start(self._do_housekeeping, queue, keeping, watcher)
        listener = DicomListener(config, Answers(config, intake, queue, self._stopping), self._monitor)
        self._stops.append(listener.stop)
        self.port = listener.start()
        self._serve(Services(self._folder, config, queue, store, intake, self._results, self._stopping, self._monitor))

    def _serve(self, services: Services) -> None:
        """Start the web server, if there is to be one."""
        if self._config.web is None:
            return
        from ichor.node.web.server import WebServer

        self.web = WebServer(services, self._config.web, self._corrector)
        self._stops.append(self.web.stop)

    def _recover(self, store: Store, queue: Queue, keeping: Keeping) -> None:
        """Recover from an earlier run: only acknowledged images remain stored, and interrupted analyses wait again."""
        missing = store.missing(queue.studies.files())
        for study, name in missing:
            queue.studies.mark_image_missing(study, name)
        if missing:
            log.error(
                "%d acknowledged images are missing from the disk; were they deleted? Send them again", len(missing)
            )
        keeping.sweep()
        queue.studies.restart_quiet_time()
        again = queue.analyses.recover()
        unknown = queue.deliveries.give_up_unconfigured(list(self._config.destinations))
        if again or unknown:
            log.info(
                "%d interrupted analyses will be repeated; %d deliveries to removed destinations were given up",
                again,
                unknown,
            )

    def _do_housekeeping(self, queue: Queue, keeping: Keeping, watcher: Watcher | None) -> None:
        """Periodic work: find studies that are complete, check the watched folder, delete what is old."""
        retention, cleaned = self._config.retention, time.monotonic()
        every_s = min([60.0, *(hours * HOUR_S for _, hours in retention if hours is not None)])
        while not self._stopping.wait(LOOK_S):
            try:
                queue.studies.complete_quiet(self._config.completion.quiet_s)
                if watcher is not None:
                    watcher.look()
                if time.monotonic() - cleaned >= every_s:
                    cleaned = time.monotonic()
                    keeping.delete_old(retention)
            except Exception as error:
                log_error("queue", error)

    def _start(self, run: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(
            target=run,
            args=arguments,
            name=f"{getattr(run, '__qualname__', 'thread')} {len(self._threads)}",
            daemon=True,
        )
        thread.start()
        self._threads.append(thread)


def check_config(config: NodeConfig) -> None:
    """Raise IchorError if the configuration names something that does not exist: a model, an output, a validation."""
    package = find_package(config.screening.model)
    operating_point_of(package, config.screening.operating_point)
    reference_of(config)
    outputs = outputs_of(config.screening.outputs)
    sent = [file for output in outputs for file in output.files if file.endswith(".dcm")]
    if not sent and any(isinstance(one, DimseDestination | WebDestination) for one in config.destinations.values()):
        raise BadConfig("screening.outputs: expected at least one DICOM output for the destinations, found none")


def is_running(folder: Path) -> bool:
    """Whether a process runs the node of this folder."""
    try:
        with one_at_a_time(folder / RUNNING, wait=False):
            return False
    except Busy:
        return True


def _node_lock(folder: Path) -> ExitStack:
    """The node's lock, which is released even if its process is killed."""
    stack = ExitStack()
    try:
        with reporting_disk_errors(folder):
            stack.enter_context(one_at_a_time(folder / RUNNING, wait=False))
    except Busy as error:
        raise IchorError(
            f"{folder}: expected a node that is not running, found one that another process runs"
        ) from error
    return stack
