"""The page of the study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

WITHIN_MM = 2.0
PAGE = """# How accurately the midline shift is measured

Scans of {n} subjects of ct-ich without hemorrhage, with a simulated midline shift of known size inside the unchanged
skull: largest halfway between front and back on the middle slice, decreasing towards the skull. The settings of the
measurement were chosen on the other subjects without hemorrhage.

| simulated shift, mm | measured on | within {within:g} mm | median error, mm | largest error, mm |
|---|---|---|---|---|
{rows}
| all | {found} of {scans} | {right} of {found} | {median:.1f} | {largest:.1f} |

No shift is measured if no midline is clearly visible or if less than half of the slices follow one. With a simulated
shift of 0, the measured value is the scan's own asymmetry, which is not always 0 because heads are not symmetric.

The simulation displaces tissue smoothly and adds no hemorrhage. How well the measurements agree with a radiologist's is
unknown, since ct-ich has no measured shifts.

Reproduce with `python -m studies.midline_shift --data ct-ich --out results/midline-shift`. Derived from ct-ich:
Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


def page(rows: Sequence[dict[str, Any]]) -> str:
    """The README of the result, from rows with `subject`, `made_mm` and `found_mm`, which is None if not measured."""
    simulated_mm = sorted({abs(row["made_mm"]) for row in rows})
    errors = _errors(rows)
    return PAGE.format(
        n=len({row["subject"] for row in rows}),
        within=WITHIN_MM,
        rows="\n".join(_row(mm, [row for row in rows if abs(row["made_mm"]) == mm]) for mm in simulated_mm),
        found=len(errors),
        scans=len(rows),
        right=int(np.count_nonzero(errors <= WITHIN_MM)),
        median=np.median(errors),
        largest=errors.max(),
    )


def _errors(rows: Sequence[dict[str, Any]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([abs(row["found_mm"] - row["made_mm"]) for row in rows if row["found_mm"] is not None], float)


def _row(mm: float, rows: Sequence[dict[str, Any]]) -> str:
    errors, name = _errors(rows), f"{mm:g}" if mm == 0 else f"±{mm:g}"
    if not errors.size:
        return f"| {name} | 0 of {len(rows)} |  |  |  |"
    right = np.count_nonzero(errors <= WITHIN_MM)
    return (
        f"| {name} | {errors.size} of {len(rows)} | {right} of {errors.size} | {np.median(errors):.1f} "
        f"| {errors.max():.1f} |"
    )
