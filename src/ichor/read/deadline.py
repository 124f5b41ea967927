"""A time limit for a reply, enforced by the process that waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Deadline:
    """A point in time after which `too_late` is called, once, in a separate thread.

    `spent_s` of the time was already used by an earlier attempt.

    Attributes:
        seconds: the time allowed last, including the time already used.
    """

    def __init__(self, too_late: Callable[[], None], spent_s: float = 0.0) -> None:
        self._too_late = too_late
        self._spent_s = spent_s
        self._passed = threading.Event()
        self._timer: threading.Timer | None = None
        self.seconds = 0.0

    @property
    def passed(self) -> bool:
        """Whether the deadline has passed; this never changes back."""
        return self._passed.is_set()

    def set(self, seconds: float) -> None:
        """Allow this much time from now on, replacing the previous limit."""
        self.lift()
        if self.passed:
            return
        self.seconds = seconds
        self._timer = threading.Timer(max(seconds - self._spent_s, 0), self._pass)
        self._timer.daemon = True
        self._timer.start()

    def lift(self) -> None:
        """Cancel the deadline."""
        if self._timer is not None:
            self._timer.cancel()

    def _pass(self) -> None:
        self._passed.set()
        self._too_late()
