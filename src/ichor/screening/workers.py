"""Processes that screen: each has a method of its own and takes one task at a time; one that dies costs that task.

The standard library's pool of processes gives up all tasks where one process dies.
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

from ichor.errors import IchorError
from ichor.interruption import Interrupted, at_once, check, listening, undisturbed
from ichor.processes import start_helper

Task = TypeVar("Task")
Answer = TypeVar("Answer")

GRACE_S = 10.0  # for a worker that is told to end at once; then it is killed
READY = "ready"


class Died(IchorError):
    """In place of an answer: the process died that was at the task."""

    def __init__(self) -> None:
        super().__init__("its worker process died, perhaps for want of memory: try fewer --workers")


@dataclass(eq=False)
class _Worker(Generic[Task]):
    process: SpawnProcess
    pipe: Connection
    ready: bool = False
    task: Task | None = None


class Workers(Generic[Task, Answer]):
    """`count` processes; `make_work`, picklable, is called in each of them once and gives what does a task.

    As a context manager: where the block ends early, tasks under way are finished, unless the command is to end at
    once.
    """

    def __init__(
        self, make_work: Callable[[], Callable[[Task], Answer]], count: int, say: Callable[[str], None]
    ) -> None:
        self._say = say
        self._make_work = make_work
        self._count = count
        self._stillborn, self._most_stillborn = 0, count + 1  # processes that died before they could work, in a row
        self._all: list[_Worker[Task]] = []

    def __enter__(self) -> Workers[Task, Answer]:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            for one in self._all:
                one.pipe.close()
                if one.task is None:
                    one.process.kill()  # it is at nothing, and taking an engine apart takes long
            if self._under_way() and not at_once():
                self._say_under_way()
                for one in self._all:
                    one.process.join()
        finally:  # Ctrl-C while waiting, too
            with undisturbed():
                self._end()

    def each(self, tasks: deque[Task]) -> Iterator[tuple[Task, Answer | Died]]:
        """Every task with its answer as it comes, and with Died where there is none; `tasks` may grow meanwhile.

        Ctrl-C lets no further task begin: those under way are finished, which is said, and then Interrupted is raised.
        Raises IchorError if the work could not be made.
        """
        stopped = False
        while tasks or self._under_way():
            while len(self._all) < min(self._count, len(tasks) + self._under_way()):
                self._all.append(self._started())
            for one in self._all:
                if one.ready and one.task is None and tasks:
                    one.task = tasks.popleft()
                    with suppress(OSError):  # it has died, as its end of the pipe will tell
                        one.pipe.send(one.task)
            try:
                if not stopped:
                    check()
                heard = wait([one.pipe for one in self._all])
            except Interrupted:
                if at_once():
                    raise
                stopped, heard = True, []
                self._say_under_way()
            for one in [one for one in self._all if one.pipe in heard]:
                yield from self._hear(one)
            if stopped:
                tasks.clear()
        if stopped:
            raise Interrupted

    def _under_way(self) -> int:
        return sum(one.task is not None for one in self._all)

    def _say_under_way(self) -> None:
        if self._under_way():
            self._say(f"finishing {self._under_way()} under way; Ctrl-C again ends at once")

    def _started(self) -> _Worker[Task]:
        ours, theirs = Pipe()
        process = start_helper(_work, theirs, self._make_work, name="ichor-screen", grace_s=GRACE_S, has_helpers=True)
        theirs.close()  # so that its end is heard
        return _Worker(process, ours)

    def _hear(self, one: _Worker[Task]) -> Iterator[tuple[Task, Answer | Died]]:
        try:
            said: Any = one.pipe.recv()
        except (EOFError, OSError):
            yield from self._bury(one)
            return
        if not one.ready:
            if isinstance(said, IchorError):
                raise said
            one.ready, self._stillborn = True, 0
            return
        task, one.task = one.task, None
        assert task is not None, "a worker answers only what it was asked"
        yield task, said

    def _bury(self, one: _Worker[Task]) -> Iterator[tuple[Task, Answer | Died]]:
        """Another will take its place; where it died before it could work, there will be fewer, one at least."""
        self._all.remove(one)
        one.pipe.close()
        one.process.join()
        if one.task is not None:
            yield one.task, Died()
        elif not one.ready:
            self._count, self._stillborn = max(self._count - 1, 1), self._stillborn + 1
            if self._stillborn > self._most_stillborn:
                raise IchorError("the model could not be loaded: its process died, perhaps for want of memory")

    def _end(self) -> None:
        for one in self._all:
            one.process.terminate()
        for one in self._all:
            one.process.join(GRACE_S)
            one.process.kill()
            one.process.join()


def _work(pipe: Connection, make_work: Callable[[], Callable[[Any], Any]]) -> None:
    """A worker's life: tasks come through the pipe and answers go back, until its other end is closed."""
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
    """What does a task, or one line that says why it could not be made."""
    try:
        return make_work()
    except IchorError as error:
        return IchorError(str(error))
    except Interrupted:
        raise
    except BaseException as error:  # of an engine, of a decoder in another language
        return IchorError(f"the model could not be loaded ({type(error).__name__})")
