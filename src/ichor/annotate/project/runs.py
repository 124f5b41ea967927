"""Label maps as run lengths: a flat list [label, length, label, length, ...] in row-major order.

The encoding is unique, because neighboring runs differ in label and no run is empty: equal maps have equal runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project.records import UNSTATED

LabelMap = NDArray[np.uint8]


def encode(label_map: LabelMap) -> list[int]:
    """The runs of a (rows, columns) map. Raises ValueError for a map that is not 2-D or holds a label above 6."""
    if label_map.ndim != 2 or not label_map.size:
        raise ValueError(f"expected a label map of shape (rows, columns), found {label_map.shape}")
    flat = label_map.ravel()
    if flat.max() > UNSTATED or flat.min() < 0:
        raise ValueError(f"expected labels 0 to {UNSTATED}, found {flat.min()} to {flat.max()}")
    starts = np.r_[0, np.flatnonzero(np.diff(flat)) + 1]
    lengths = np.diff(np.r_[starts, flat.size])
    return [int(one) for one in np.column_stack([flat[starts], lengths]).ravel()]


def decode(runs: Sequence[int], rows: int, columns: int) -> LabelMap:
    """The map (rows, columns) of its runs. Raises ValueError if they are malformed or do not fill it."""
    if len(runs) % 2:
        raise ValueError(f"expected pairs of label and length, found {len(runs)} numbers")
    if len(runs) > 2 * rows * columns:
        raise ValueError(f"expected at most {rows * columns} runs, found {len(runs) // 2}")
    try:
        pairs = np.asarray(runs, np.int64).reshape(-1, 2)
    except OverflowError as error:
        raise ValueError("expected lengths that fit the slice, found one that is far longer") from error
    labels, lengths = pairs[:, 0], pairs[:, 1]
    if labels.size and not 0 <= labels.min() <= labels.max() <= UNSTATED:
        raise ValueError(f"expected labels 0 to {UNSTATED}, found {labels.min()} to {labels.max()}")
    if lengths.size and not 1 <= lengths.min() <= lengths.max() <= rows * columns:
        raise ValueError(f"expected runs of 1 to {rows * columns} pixels, found {lengths.min()} to {lengths.max()}")
    if lengths.sum() != rows * columns:
        raise ValueError(f"expected runs of {rows * columns} pixels in all, found {lengths.sum()}")
    return np.repeat(labels.astype(np.uint8), lengths).reshape(rows, columns)


def drawn_labels(runs: Sequence[int]) -> frozenset[int]:
    """The labels of a map other than 0."""
    return frozenset(runs[::2]) - {0}


def empty_runs(rows: int, columns: int) -> list[int]:
    """The runs of a slice in which nothing is drawn."""
    return [0, rows * columns]
