"""Download of one file, which resumes where it was interrupted."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from pathlib import Path

from ichor.dataset.ct_ich.download.listing import Listed
from ichor.dataset.ct_ich.download.web import Broken, Connection, Patience, read

_MAX_WAIT_S = 60
_FIRST_ATTEMPTS = 2  # for a server that has not responded yet: the address may be wrong
_WORTH_ANOTHER_ROUND = 2**20  # bytes: a connection that transferred this much does not count as a failure


class Stopped(Exception):
    """All downloads were asked to stop."""


class Wrong(Exception):
    """The server has different content; the message states what was expected and what was found."""


class Fetcher:
    """Downloads for one thread over one connection until `stop` is set; `moved` is called with the bytes received."""

    def __init__(self, patience: Patience, stop: threading.Event, moved: Callable[[int], None]) -> None:
        self.connection = Connection(patience.timeout_s)
        self._patience = patience
        self._stop = stop
        self._moved = moved

    def fetch_listed(self, url: str, listed: Listed, partial: Path) -> None:
        """Download a file until `partial` matches the list; a wrong file is downloaded once more.

        Raises Wrong, Refused or Broken if the server has different content or none, Stopped.
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
        """Download the rest of the content and append it to `partial`; at most `most` bytes plus one.

        `anew` asks caches to revalidate. Raises Refused, Broken after the last attempt, Stopped.
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
                return  # it was already complete
            partial.unlink(missing_ok=True)
            raise Broken("a different length than before", answered=True)
        if response.status == 206:
            begins = re.match(r"bytes (\d+)-", response.getheader("Content-Range", ""))
            if begins is None or int(begins[1]) != there:
                self.connection.close()
                partial.unlink(missing_ok=True)
                raise Broken("a different range than requested", answered=True)
        else:
            there = 0  # the server does not support ranges and sends everything
        with partial.open("ab" if there else "wb") as file:
            while there <= most and (chunk := read(response)):
                self._check()
                file.write(chunk[: most + 1 - there])
                there += len(chunk)
                self._moved(len(chunk))
        if there > most:
            self.connection.close()  # do not read the rest

    def _wait(self, seconds: float) -> None:
        """Wait, with a random addition so that connections do not all retry at the same moment."""
        self._stop.wait(min(seconds, _MAX_WAIT_S) * random.uniform(1, 1.25))  # noqa: S311 (not for security)
        self._check()

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
