"""Operations on a layer (consensus, interpolation, smoothing, AI outlines, finishing): one at a time, and only on the
revisions that the reader saw when requesting them.

The page sends its revisions with each operation. If the layer has changed in the meantime, in another tab, by another
person or by an earlier operation, the operation is refused and changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from fastapi import HTTPException

from ichor.annotate.project import LayerState
from ichor.annotate.server.bodies import Base

BUSY = "another operation on this layer is in progress: wait until it is finished"
OUTDATED = "nothing was done because this layer has changed in the meantime: check it, then try again"


class Operations:
    """The layers on which an operation is in progress; thread-safe."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._under_way: set[tuple[int, str]] = set()

    @contextmanager
    def only_one(self, scan_id: int, layer: str) -> Iterator[None]:
        """Raises HTTPException if another operation on the layer is in progress."""
        one = scan_id, layer
        with self._mutex:
            if one in self._under_way:
                raise HTTPException(409, BUSY)
            self._under_way.add(one)
        try:
            yield
        finally:
            with self._mutex:
                self._under_way.discard(one)


def require_current(layer: LayerState, base: Base, slices: Collection[int] | None = None) -> None:
    """Raises HTTPException if slices (None: all, and the scan's labels) have other revisions than the page has."""
    kept = None if slices is None else frozenset(map(str, slices))
    maps = {str(k): one.revision for k, one in layer.maps.items()}
    labels = {"scan" if k is None else str(k): one.revision for k, one in layer.stated.items()}
    for ours, seen in ((maps, base.slices), (labels, base.labels)):
        if _within(ours, kept) != _within(seen, kept):
            raise HTTPException(409, OUTDATED)


def _within(revisions: dict[str, int], kept: frozenset[str] | None) -> dict[str, int]:
    """The revisions of some keys, without those that were never stored."""
    return {key: revision for key, revision in revisions.items() if revision and (kept is None or key in kept)}
