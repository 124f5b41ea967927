"""What a Dask worker does with one scan. The model is loaded once in each worker, at its first scan.

Nothing here raises: Dask logs the arguments of a task that does, and they name the scan.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ichor.archive.memory import require_room, why_too_small
from ichor.archive.remote import screen_copy
from ichor.errors import BadConfig, IchorError
from ichor.models.package import find_package
from ichor.read import start_reading_process
from ichor.scan import Scan
from ichor.screening.inputs import content_sha256
from ichor.screening.job import Job
from ichor.screening.one import Screened, screen_one
from ichor.screening.pipeline import Screens
from ichor.screening.screener import Screener
from ichor.version import __version__
from ichor.write.result import Result


@dataclass(frozen=True, slots=True)
class Work:
    """How all scans of a command are screened.

    Attributes:
        make_screener: called with the number of `threads`.
        name: of the command; a worker keeps what it has loaded under that name.
        version: of Ichor, which the worker must have, too.
        threads: for the network; None for as many as the worker has.
        out: the local folder of results, which the worker must be able to see; None if it is elsewhere.
        store: the address of the folder of results; None if it is local.
    """

    make_screener: Callable[..., Screens]
    name: str
    version: str = __version__
    threads: int | None = None
    out: Path | None = field(default=None, repr=False)
    store: str | None = field(default=None, repr=False)
    force: bool = False
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A scan to screen; with `wait`, until another command that is screening it has finished. Its text has no path."""

    job: Job = field(repr=False)
    wait: bool = False
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Unfit:
    """Takes the place of an outcome if the worker cannot be used: which one, and why."""

    address: str
    reason: str


def work_on(task: Task, work: Work) -> Screened | Unfit:
    """Screen a scan, in a worker of Dask."""
    from distributed import get_worker

    worker = get_worker()
    screener = _screener_of(work, worker)
    if isinstance(screener, str):
        return Unfit(worker.address, screener)
    if task.job.origin is None and work.store is None:
        return screen_one(task.job, lambda: screener, wait=task.wait, force=work.force, debug=work.debug)
    screen = partial(screen_one, screener=lambda: screener, wait=task.wait, force=work.force, debug=work.debug)
    return screen_copy(task.job, work.store, screen, force=work.force, debug=work.debug)


def load(model: str, sha256: str, operating_point: str | None, *, threads: int) -> Screener:
    """The model, if the worker has the same package. Raises BadConfig if not."""
    package = find_package(model)
    found = content_sha256(package)
    if found != sha256:
        raise BadConfig(f"{model}: expected the package with hash {sha256[:12]}, found one with {found[:12]}")
    return Screener(package, operating_point=operating_point, threads=threads)


class Guarded:
    """A screener for the threads of a worker: one scan at a time, and none that does not fit into its memory."""

    def __init__(self, screener: Screens, limit_bytes: int) -> None:
        self._screener, self._limit_bytes = screener, limit_bytes
        self._lock = threading.Lock()

    def result(self, scan: Scan, **about: Any) -> Result:
        """As `Screener.result`. Raises IchorError if the scan is too large."""
        require_room(scan, self._limit_bytes)
        with self._lock:
            return self._screener.result(scan, **about)


_loading = threading.Lock()
_loaded: dict[str, Guarded | str] = {}  # the screeners last used in this process, by command, or why there is none
MOST_LOADED = 2


def _screener_of(work: Work, worker: Any) -> Guarded | str:
    with _loading:
        if work.name in _loaded:
            return _loaded[work.name]
        while len(_loaded) >= MOST_LOADED:
            del _loaded[next(iter(_loaded))]
        _loaded[work.name] = made = _made(work, worker)
        return made


def _made(work: Work, worker: Any) -> Guarded | str:
    """The screener, or why this worker cannot be used."""
    limit = limit_of(worker)
    if work.version != __version__:
        return f"expected ichor-ct {work.version}, found {__version__}"
    if (small := why_too_small(limit)) is not None:
        return small
    if work.out is not None and not work.out.is_dir():
        return f"expected to see the results folder, {work.out}, found none: use a file system that the workers share"
    try:
        screener = work.make_screener(threads=work.threads or worker.state.nthreads)
        start_reading_process()
    except IchorError as error:
        return str(error)
    except Exception as error:  # of an engine
        return f"the model could not be loaded ({type(error).__name__})"
    return Guarded(screener, limit)


def limit_of(worker: Any) -> int:
    """The bytes of memory that a worker may use: its limit, or else all memory of its machine."""
    from distributed.system import MEMORY_LIMIT

    return int(worker.memory_manager.memory_limit or MEMORY_LIMIT)


def again(task: Task) -> Task:
    """The same task, to be tried once more."""
    return replace(task, tries=task.tries + 1)
