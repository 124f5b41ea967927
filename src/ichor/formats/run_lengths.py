"""Masks as COCO's uncompressed run lengths: column-major, the first run is background."""

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
    # A mask that ends in the foreground leaves a last run of zero pixels, which COCO does not write.
    return {"size": list(mask.shape), "counts": [int(c) for c in (counts if counts[-1] else counts[:-1])]}


def from_run_lengths(encoded: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask that `run_lengths` encoded. Raises ValueError where the runs do not fill the size."""
    rows, columns = encoded["size"]
    counts = np.asarray(encoded["counts"], np.int64)
    if counts.size and counts.min() < 0:
        raise ValueError(f"expected runs of no fewer than 0 pixels, found one of {counts.min()}")
    if counts.sum() != rows * columns:
        raise ValueError(f"expected runs of {rows * columns} pixels in all, found {counts.sum()}")
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape((rows, columns), order="F")
