"""One file fetched into a partial one, which goes on where it was cut short."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from pathlib import Path

from ichor.dataset.ct_ich.download.listing import Listed
from ichor.dataset.ct_ich.download.web import Broken, Connection, Patience, read

_LONGEST_WAIT_S = 60
_FIRST_ATTEMPTS = 2  # at a server that has not answered yet: the address may be wrong
_WORTH_ANOTHER_ROUND = 2**20  # bytes: a connection that brought this much before it broke was no failure


class Stopped(Exception):
    """Somebody asked for the end of all work."""


class Wrong(Exception):
    """The server has something else under the file's name; the message says what was expected and what was found."""


class Fetcher:
    """Fetches for one thread over one connection until `stop` is set; `moved` is told of the bytes that arrive."""

    def __init__(self, patience: Patience, stop: threading.Event, moved: Callable[[int], None]) -> None:
        self.connection = Connection(patience.timeout_s)
        self._patience = patience
        self._stop = stop
        self._moved = moved

    def fetch_listed(self, url: str, listed: Listed, partial: Path) -> None:
        """Fetch a file until `partial` is what the list says; what is wrong is fetched again, once.

        Raises Wrong, Refused or Broken where the server has something else or nothing, Stopped.
        """
        for last in (False, True):
            if _size(partial) < listed.size:
                self.fetch(url, partial, most=listed.size, anew=last)
            longer = _size(partial) > listed.size
            difference = f"expected {listed.size} bytes, found more" if longer else listed.difference(partial)
            if not difference:
                return
            partial.unlink()
            if last:
                raise Wrong(difference)

    def fetch(self, url: str, partial: Path, *, most: int, anew: bool = False) -> None:
        """Fetch all that the server has into `partial`, behind what is there; `most` bytes and one more at most.

        `anew` asks caches on the way to look again. Raises Refused, Broken when patience is at its end, Stopped.
        """
        failures = 0
        while True:
            before = _size(partial)
            try:
                self._fetch_once(url, partial, most, {"Cache-Control": "no-cache"} if anew else {})
            except Broken as broken:
                self.connection.close()
                failures = 0 if _size(partial) - before >= _WORTH_ANOTHER_ROUND else failures + 1
                if failures >= (self._patience.attempts if self.connection.answered else _FIRST_ATTEMPTS):
                    raise
                self._wait(max(self._patience.pause_s * 2 ** max(failures - 1, 0), broken.wait_s))
            else:
                return

    def _fetch_once(self, url: str, partial: Path, most: int, headers: dict[str, str]) -> None:
        self._check()
        there = _size(partial)
        response = self.connection.get(url, headers | ({"Range": f"bytes={there}-"} if there else {}))
        if response.status == 416:
            self.connection.close()
            if there and response.getheader("Content-Range", "").strip() == f"bytes */{there}":
                return  # all of it had arrived
            partial.unlink(missing_ok=True)
            raise Broken("another length than before", answered=True)
        if response.status == 206:
            begins = re.match(r"bytes (\d+)-", response.getheader("Content-Range", ""))
            if begins is None or int(begins[1]) != there:
                self.connection.close()
                partial.unlink(missing_ok=True)
                raise Broken("another part than was asked for", answered=True)
        else:
            there = 0  # the server knows no ranges, and sends all of it again
        with partial.open("ab" if there else "wb") as file:
            while there <= most and (chunk := read(response)):
                self._check()
                file.write(chunk[: most + 1 - there])
                there += len(chunk)
                self._moved(len(chunk))
        if there > most:
            self.connection.close()  # who knows how much more would come

    def _wait(self, seconds: float) -> None:
        """Wait, not quite as long as the others that were refused at the same moment."""
        self._stop.wait(min(seconds, _LONGEST_WAIT_S) * random.uniform(1, 1.25))  # noqa: S311 (no secret)
        self._check()

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
