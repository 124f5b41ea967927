"""Worker processes: each has its own method and takes one task at a time; if one dies, only its task is lost.

The standard library's process pool, in contrast, gives up all tasks if one process dies.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

from ichor.errors import Code, IchorError
from ichor.interruption import Interrupted, at_once, check, listening, undisturbed
from ichor.processes import start_helper

Task = TypeVar("Task")
Result = TypeVar("Result")

GRACE_S = 10.0  # until a worker that is asked to end is killed
READY = "ready"


class Died(IchorError):
    """Takes the place of a result if the process working on the task died."""

    code = Code.WORKER_DIED

    def __init__(self, advice: str = "try fewer --workers") -> None:
        super().__init__(f"its worker process died, perhaps out of memory: {advice}")


@dataclass(eq=False)
class _Worker(Generic[Task]):
    process: SpawnProcess
    pipe: Connection
    ready: bool = False
    task: Task | None = None


class Workers(Generic[Task, Result]):
    """`count` processes; `make_work`, picklable, is called once in each of them and returns the function for tasks.

    As a context manager: if the block ends early, running tasks are finished, unless the command is to end at once.
    """

    def __init__(
        self, make_work: Callable[[], Callable[[Task], Result]], count: int, notify: Callable[[str], None]
    ) -> None:
        self._notify = notify
        self._make_work = make_work
        self._count = count
        # Consecutive processes that died before they could work, and how many of them are accepted.
        self._failed_starts, self._most_failed_starts = 0, count + 1
        self._all: list[_Worker[Task]] = []

    def __enter__(self) -> Workers[Task, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for one in self._all:
                one.pipe.close()
                if one.task is None:
                    one.process.kill()  # it is idle, and shutting down an engine takes long
            if self._under_way() and not at_once():
                self._notify_under_way()
                for one in self._all:
                    one.process.join()
        finally:  # Ctrl-C while waiting, too
            with undisturbed():
                self._end()

    def each(self, tasks: deque[Task]) -> Iterator[tuple[Task, Result | Died]]:
        """Yield every task with its result, or with Died, as soon as it is known; `tasks` may grow meanwhile.

        After Ctrl-C no further task is started: running ones are finished, with a message, and then Interrupted is
        raised. Raises IchorError if `make_work` fails.
        """
        stopped = False
        while tasks or self._under_way():
            while len(self._all) < min(self._count, len(tasks) + self._under_way()):
                self._all.append(self._started())
            for one in self._all:
                if one.ready and one.task is None and tasks:
                    one.task = tasks.popleft()
                    with suppress(OSError):  # it has died, which its end of the pipe will show
                        one.pipe.send(one.task)
            try:
                if not stopped:
                    check()
                readable = wait([one.pipe for one in self._all])
            except Interrupted:
                if at_once():
                    raise
                stopped, readable = True, []
                self._notify_under_way()
            for one in [one for one in self._all if one.pipe in readable]:
                yield from self._receive(one)
            if stopped:
                tasks.clear()
        if stopped:
            raise Interrupted

    def end_now(self) -> None:
        """From another thread than that of `each`: end the processes, so that tasks under way yield Died."""
        for one in list(self._all):
            one.process.terminate()

    def _under_way(self) -> int:
        return sum(one.task is not None for one in self._all)

    def _notify_under_way(self) -> None:
        if self._under_way():
            self._notify(f"finishing {self._under_way()} under way; Ctrl-C again ends at once")

    def _started(self) -> _Worker[Task]:
        ours, theirs = Pipe()
        process = start_helper(_work, theirs, self._make_work, name="ichor-screen", grace_s=GRACE_S, has_helpers=True)
        theirs.close()  # so that its end is noticed
        return _Worker(process, ours)

    def _receive(self, one: _Worker[Task]) -> Iterator[tuple[Task, Result | Died]]:
        try:
            message: Any = one.pipe.recv()
        except (EOFError, OSError):
            yield from self._remove(one)
            return
        if not one.ready:
            if isinstance(message, IchorError):
                raise message
            one.ready, self._failed_starts = True, 0
            return
        task, one.task = one.task, None
        assert task is not None, "a worker only returns results of its task"
        yield task, message

    def _remove(self, one: _Worker[Task]) -> Iterator[tuple[Task, Result | Died]]:
        """Remove a dead worker. It is replaced; if it died before it could work, by fewer workers, at least one."""
        self._all.remove(one)
        one.pipe.close()
        one.process.join()
        if one.task is not None:
            yield one.task, Died()
        elif not one.ready:
            self._count, self._failed_starts = max(self._count - 1, 1), self._failed_starts + 1
            if self._failed_starts > self._most_failed_starts:
                raise IchorError("the model could not be loaded: its process died, perhaps out of memory")

    def _end(self) -> None:
        for one in self._all:
            one.process.terminate()
        for one in self._all:
            one.process.join(GRACE_S)
            one.process.kill()
            one.process.join()


def _work(pipe: Connection, make_work: Callable[[], Callable[[Any], Any]]) -> None:
    """The main loop of a worker: receive tasks through the pipe and send results, until its other end is closed."""
    try:
        with listening():
            work = _made(make_work)
            pipe.send(READY if callable(work) else work)
            while callable(work):
                pipe.send(work(pipe.recv()))
    except (EOFError, OSError):  # the other end is closed
        pass
    except Interrupted:
        sys.exit(1)


def _made(make_work: Callable[[], Callable[[Any], Any]]) -> Callable[[Any], Any] | IchorError:
    """The function for tasks, or an error with the reason why it could not be made."""
    try:
        return make_work()
    except IchorError as error:
        return IchorError(str(error))
    except Interrupted:
        raise
    except BaseException as error:  # from an engine or a native decoder
        return IchorError(f"the model could not be loaded ({type(error).__name__})")
