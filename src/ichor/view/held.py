"""A cache of opened results."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence

from ichor.read import ScanPath
from ichor.view.opened import Opened, open_result
from ichor.view.results import Results, existing

MOST = 3  # a result, its prior, and the one before


class Held:
    """Opens results and keeps the last few in memory; safe to use from several threads."""

    def __init__(self, results: Results, given: Sequence[ScanPath]) -> None:
        self._results, self._given = results, given
        self._mutex = threading.Lock()
        self._opening: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)
        self._opened: OrderedDict[int, Opened] = OrderedDict()

    def opened(self, number: int) -> Opened:
        """A result by its number. Raises UnreadableInput if it cannot be opened."""
        with self._mutex:
            opening = self._opening[number]
        with opening:
            with self._mutex:
                found = self._opened.get(number)
                if found is not None:
                    self._opened.move_to_end(number)
                    return found
            found = open_result(existing(self._results, number), self._given)
            with self._mutex:
                self._opened[number] = found
                while len(self._opened) > MOST:
                    self._opened.popitem(last=False)
            return found
