"""The columns and rows of scores.csv (see predictions.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.overlap import Overlaps
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction, SingleSlices
from ichor.runs.plain_files import Row
from ichor.subtypes import Subtype

AREA_COLUMNS = tuple(f"area_px_{round(t * 10):02d}" for t in TABLE_THRESHOLDS)
SUBTYPE_COLUMNS = tuple(f"probability_{subtype.value}" for subtype in Subtype)
SCORE_COLUMNS = ("subject", "slice", "fold", "probability")
OVERLAP_COLUMNS = ("overlap_px", "reference_px")
MASK_COLUMNS = ("threshold", "area_px", *OVERLAP_COLUMNS, *AREA_COLUMNS)
DETECTOR_COLUMNS = ("threshold",)
SINGLE_SLICE_COLUMNS = ("single_slice_probability", "single_slice_marked")
FORMER_MASK_COLUMNS = ("threshold", "area_px", *AREA_COLUMNS)  # before 0.2, always with masks
# Every set of columns that a table may have.
COLUMN_SETS = tuple(
    (*SCORE_COLUMNS, *of_mask, *subtypes, *single)
    for of_mask in (MASK_COLUMNS, FORMER_MASK_COLUMNS, DETECTOR_COLUMNS, ())
    for subtypes in ((), SUBTYPE_COLUMNS)
    for single in ((), SINGLE_SLICE_COLUMNS)
)
SCAN_COLUMNS = ("subject", "fold", "probability", "volume_ml")


def slice_rows(p: Prediction, pixels: Overlaps | None) -> Iterator[list[Any]]:
    """The rows of a prediction, with the columns of single slices at the end; these are empty where there are none."""
    for i, probability in enumerate(p.slice_probability):
        row = [p.subject, i + 1, p.fold, f"{probability:.6g}"]
        if p.threshold is not None:
            row.append(f"{p.threshold:g}")
        if pixels is not None:
            counts = (pixels.predicted, pixels.both, pixels.reference, *(p.areas[t] for t in TABLE_THRESHOLDS))
            row += [int(count[i]) for count in counts]
        if p.subtype_probability is not None:
            row += [f"{q:.6g}" for q in p.subtype_probability[i]]
        alone = p.single_slices
        row += ["", ""] if alone is None else [f"{alone.probability[i]:.6g}", int(alone.marked[i])]
        yield row


def single_slices_in(rows: list[Row]) -> SingleSlices | None:
    """What a subject's rows say of single slices; None if nothing. Raises ValueError if it is not a number."""
    if not rows[0].get(SINGLE_SLICE_COLUMNS[0]):
        return None
    probability, marked = ([float(row[name]) for row in rows] for name in SINGLE_SLICE_COLUMNS)
    return SingleSlices(np.array(probability), np.array(marked, bool))


def counts_in(rows: list[Row], name: str) -> NDArray[np.int64]:
    """A column of counts (n,). Raises ValueError if one is not a whole number."""
    return np.array([int(row[name]) for row in rows], np.int64)
