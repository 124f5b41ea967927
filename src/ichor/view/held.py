"""A cache of opened results."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from ichor.read import ScanPath
from ichor.view.opened import Opened, open_result
from ichor.view.results import Listed

MOST = 3  # a result, its prior, and the one before


class Held:
    """Opens results and keeps the last few in memory; safe to use from several threads."""

    def __init__(self, results: Sequence[Listed], given: Sequence[ScanPath]) -> None:
        self._results, self._given = results, given
        self._mutex = threading.Lock()
        self._opening = [threading.Lock() for _ in results]
        self._opened: OrderedDict[int, Opened] = OrderedDict()

    def opened(self, number: int) -> Opened:
        """A result by its number in the list. Raises UnreadableInput if it cannot be opened."""
        with self._opening[number]:
            with self._mutex:
                found = self._opened.get(number)
                if found is not None:
                    self._opened.move_to_end(number)
                    return found
            found = open_result(self._results[number], self._given)
            with self._mutex:
                self._opened[number] = found
                while len(self._opened) > MOST:
                    self._opened.popitem(last=False)
            return found
