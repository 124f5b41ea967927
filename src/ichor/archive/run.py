"""Hands out scans to the workers of a Dask cluster, one scan per task, and receives their outcomes.

Dask decides which worker takes which scan, and gives a scan whose worker is lost to another. Only a part of a long list
is handed out at a time, so that the scheduler's memory does not grow with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from ichor.archive.work import Task, Unfit, Work, again, work_on
from ichor.errors import IchorError, OutputFailed
from ichor.interruption import check, undisturbed
from ichor.locks import Busy
from ichor.screening.batch import clear_folders
from ichor.screening.job import Job
from ichor.screening.outcome import Outcome, failed
from ichor.screening.workers import Died

AHEAD = 2000  # scans handed out at a time
MOST_TRIES = 2

Notify = Callable[[str], None]


def screen_on_cluster(client: Any, jobs: Sequence[Job], work: Work, *, notify: Notify) -> Generator[Outcome]:
    """Screen every job on the cluster of a Dask client, yielding each outcome as soon as it is known.

    A scan whose workers die again and again is tried once more at the end, and then fails. After the iterator is
    closed, or Ctrl-C, no more scans are started; a worker of a cluster finishes its current scan and writes the result.
    `notify` receives messages about workers that are not used, and about what the command is waiting for.

    Raises IchorError if no worker can be used or the scheduler is lost, and OutputFailed if the disk is full or gone.
    """
    waiting = deque(map(Task, jobs))
    unfit: set[str] = set()
    is_answered = False
    if not client.nthreads():
        notify("waiting for a worker to join the cluster")
    with closing(_each(client, waiting, work)) as answers:
        for task, answer in answers:
            if isinstance(answer, OutputFailed):
                raise answer
            if isinstance(answer, Outcome):
                is_answered = True
                yield answer
            elif isinstance(answer, Busy):
                notify(f"{task.job.name}: another command is screening this scan; will try again at the end")
                waiting.append(replace(task, wait=True))
            elif isinstance(answer, Unfit):
                waiting.appendleft(task)
                _dismiss(client, answer, unfit, notify)
                if not is_answered and not client.nthreads().keys() - unfit:
                    raise IchorError(f"expected a worker that can be used, found none: {answer.reason}")
            elif task.tries < MOST_TRIES:
                waiting.append(again(task))
            else:
                yield failed(task.job, answer)


@contextmanager
def cleared(out: Path | None) -> Iterator[None]:
    """Before and after a block, remove what workers that died left in a local folder of results."""
    folders = set() if out is None else {out}
    clear_folders(folders)
    try:
        yield
    finally:
        with undisturbed(), suppress(OutputFailed):
            clear_folders(folders)


def _each(client: Any, waiting: deque[Task], work: Work) -> Generator[tuple[Task, Any]]:
    """Every task with the answer of its worker, or with Died; `waiting` may grow meanwhile."""
    from distributed import as_completed

    ahead: dict[Any, Task] = {}
    answers = as_completed(loop=client.loop, with_results=True, raise_errors=False)
    name, number = f"ichor_{uuid4().hex}", 0  # no part of a task's key says anything of the scan

    def hand_out() -> None:
        nonlocal number
        while waiting and len(ahead) < AHEAD:
            number += 1
            task = waiting.popleft()
            future = client.submit(work_on, task, work, key=f"{name}-{number}", pure=False)
            ahead[future] = task
            answers.add(future)

    try:
        hand_out()
        for future, answer in answers:
            check()
            task = ahead.pop(future)
            yield task, _answer(client, future, answer, len(waiting) + len(ahead) + 1)
            hand_out()
    finally:
        with undisturbed(), suppress(Exception):  # the scheduler may be gone
            client.cancel(list(ahead), force=True)


def _answer(client: Any, future: Any, answer: Any, left: int) -> Any:
    """What the worker answered, or Died. Raises IchorError if the scheduler is lost, or Ichor is not there."""
    from distributed import KilledWorker

    if future.status == "finished":
        return answer
    if future.status == "cancelled" or client.status != "running":
        raise IchorError(f"the scheduler of the cluster was lost with {left} scans left; run again to continue")
    error = answer[1] if isinstance(answer, tuple) else answer
    if isinstance(error, KilledWorker):
        return Died("give the workers more memory")
    if isinstance(error, ModuleNotFoundError):
        raise IchorError(
            f"expected ichor-ct with the extra archive on each worker, found one without {error.name}"
        ) from error
    raise IchorError(f"expected an answer from a worker, found {type(error).__name__}") from error


def _dismiss(client: Any, answer: Unfit, unfit: set[str], notify: Notify) -> None:
    """Report a worker that cannot be used once, and remove it from the cluster, or Dask would keep giving it scans."""
    if answer.address not in unfit:
        unfit.add(answer.address)
        notify(f"{answer.address} cannot be used and was removed from the cluster: {answer.reason}")
        client.retire_workers([answer.address], close_workers=True)
