"""The DICOM objects of the node's results, found by their UIDs.

The queue names studies by digests, so the objects' own headers say whose they are. What was read of them is kept in
memory for the results that were asked for last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ichor.node.intake import digest
from ichor.node.network.objects import object_files, read_object
from ichor.node.queue.results import CurrentResult, Results
from ichor.node.web.dicomweb.attributes import KEPT

MOST_KEPT = 2000  # results; each has a few objects, of which a few hundred bytes are kept


@dataclass(frozen=True, slots=True)
class Served:
    """One object.

    Attributes:
        key: of its study in the queue.
        file: where it is.
        replaces: the folder of the earlier result that its own result replaces, or None.
        header: the attributes that queries return, as pydicom reads them.
    """

    key: str
    file: Path
    replaces: Path | None
    header: Any

    def uid(self, keyword: str) -> str:
        """One of its UIDs."""
        return str(self.header.get(keyword, ""))


class Objects:
    """The objects of the current results. Threads may share it."""

    def __init__(self, results: Results, folder: Path) -> None:
        self._results, self._folder = results, folder
        self._mutex = threading.Lock()
        # By the result itself: a study that was deleted and sent again has a result of the same name.
        self._kept: OrderedDict[CurrentResult, tuple[Served, ...]] = OrderedDict()

    def all(self) -> Iterator[tuple[Served, ...]]:
        """The objects of each study, that of the newest result first."""
        for result in self._results.current():
            if objects := self._of(result):
                yield objects

    def of(self, study: str, series: str | None = None, instance: str | None = None) -> tuple[Served, ...]:
        """The objects with these UIDs; none if there is no such study, series or instance."""
        wanted = {"SeriesInstanceUID": series, "SOPInstanceUID": instance}
        return tuple(
            one
            for result in self._results.current(digest(study))
            for one in self._of(result)
            if all(uid is None or one.uid(keyword) == uid for keyword, uid in wanted.items())
        )

    def _of(self, result: CurrentResult) -> tuple[Served, ...]:
        with self._mutex:
            if result in self._kept:
                self._kept.move_to_end(result)
                return self._kept[result]
        earlier = None if result.replaces is None else self._folder / result.replaces
        try:
            files = object_files(self._folder / result.name)
            found = tuple(Served(result.study, file, earlier, _header(file, earlier)) for file in files)
        except OSError:  # it has just been deleted
            return ()
        with self._mutex:
            self._kept[result] = found
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found


def _header(file: Path, replaces: Path | None) -> Any:
    from pydicom.dataset import Dataset

    whole, kept = read_object(file, replaces=replaces, with_pixels=False), Dataset()
    for keyword in KEPT:
        if keyword in whole:
            kept[keyword] = whole[keyword]
    return kept
