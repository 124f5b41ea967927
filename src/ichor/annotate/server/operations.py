"""What is done to a whole layer at once (a consensus, interpolation, AI outlines, "reading done"): one at a time, and
only on what the reader saw when asking for it.

The page sends with each operation the revisions that it has. Where the layer has moved on by then, by another tab,
another person or an earlier operation, the operation is refused and changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from fastapi import HTTPException

from ichor.annotate.project import LayerState
from ichor.annotate.server.bodies import Base

BUSY = "another operation on this layer is under way: wait until it is finished"
OUTDATED = "nothing was done because this layer has changed in the meantime: check it, then try again"


class Operations:
    """The layers that an operation is under way on, for any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._under_way: set[tuple[int, str]] = set()

    @contextmanager
    def only_one(self, scan_id: int, layer: str) -> Iterator[None]:
        """Raises HTTPException where another operation on the layer is under way."""
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
    """Raises HTTPException where slices (None: all, and the scan's labels) have other revisions than the page saw."""
    kept = None if slices is None else frozenset(map(str, slices))
    maps = {str(k): one.revision for k, one in layer.maps.items()}
    labels = {"scan" if k is None else str(k): one.revision for k, one in layer.stated.items()}
    for ours, seen in ((maps, base.slices), (labels, base.labels)):
        if _within(ours, kept) != _within(seen, kept):
            raise HTTPException(409, OUTDATED)


def _within(revisions: dict[str, int], kept: frozenset[str] | None) -> dict[str, int]:
    """The revisions of some keys; what was never put has none."""
    return {key: revision for key, revision in revisions.items() if revision and (kept is None or key in kept)}
