"""Masks as COCO's uncompressed run lengths: column-major, beginning with a run of background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, list[int]]:
    """A mask (rows, columns) as {"size": [rows, columns], "counts": [...]}."""
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(np.r_[False, flat, False]))
    counts = np.diff(np.r_[0, edges, flat.size])
    # If the mask ends with foreground, the last run is empty, which COCO omits.
    return {"size": list(mask.shape), "counts": [int(c) for c in (counts if counts[-1] else counts[:-1])]}


def from_run_lengths(encoded: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask encoded by `run_lengths`. Raises ValueError if the runs do not match the size."""
    rows, columns = encoded["size"]
    counts = np.asarray(encoded["counts"], np.int64)
    if counts.size and counts.min() < 0:
        raise ValueError(f"expected runs of at least 0 pixels, found one of {counts.min()}")
    if counts.sum() != rows * columns:
        raise ValueError(f"expected runs of {rows * columns} pixels in all, found {counts.sum()}")
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape((rows, columns), order="F")
