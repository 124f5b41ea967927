"""The time that an answer may take, kept by whoever waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Deadline:
    """A point in time after which `too_late` is called, once, in a thread of its own.

    `spent_s` of the time is gone already, in another attempt at the same thing.

    Attributes:
        seconds: what was allowed last, with what is gone of it.
    """

    def __init__(self, too_late: Callable[[], None], spent_s: float = 0.0) -> None:
        self._too_late = too_late
        self._spent_s = spent_s
        self._passed = threading.Event()
        self._timer: threading.Timer | None = None
        self.seconds = 0.0

    @property
    def passed(self) -> bool:
        """Whether it was too late: nothing alters that."""
        return self._passed.is_set()

    def set(self, seconds: float) -> None:
        """Allow so much time from now on, in place of what was allowed before."""
        self.lift()
        if self.passed:
            return
        self.seconds = seconds
        self._timer = threading.Timer(max(seconds - self._spent_s, 0), self._pass)
        self._timer.daemon = True
        self._timer.start()

    def lift(self) -> None:
        """There is no hurry any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _pass(self) -> None:
        self._passed.set()
        self._too_late()
