"""The true sizes of a subject in the layout of ct-ich 1.0.0, which cannot store them.

The annotation tool's export (`ichor.annotate.export.ct_ich_layout`) writes them to regions.json next to Patients_CT:

    {"geometry": {"001": {"pixel_mm": [0.35, 0.35], "slice_positions_mm": [0.0, 4.8]}}}

One value per slice, null if unknown. ct-ich itself has no such file.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ichor.errors import UnreadableInput
from ichor.scan import FloatArray

FILE = "regions.json"


def stated_sizes(subject: Path, n_slices: int) -> tuple[FloatArray, FloatArray] | None:
    """The pixel size and position of each slice, both (n_slices,) in mm; None if they are not stated.

    `subject` is the subject's folder. Raises UnreadableInput if the file holds something else.
    """
    whole = subject.resolve()
    file = whole.parent.parent / FILE
    if whole.parent.name != "Patients_CT" or not file.is_file():
        return None
    try:
        content = _geometry(file, file.stat().st_mtime_ns).get(whole.name, {})
        sizes = [content.get("pixel_mm"), content.get("slice_positions_mm")]
        if None in sizes:
            return None
        pixel_mm, positions_mm = (np.array(one, np.float64) for one in sizes)
        fits = pixel_mm.shape == positions_mm.shape == (n_slices,)
        if not (fits and (pixel_mm > 0).all() and (np.diff(positions_mm) > 0).all()):
            raise ValueError(f"{pixel_mm.size} sizes and {positions_mm.size} positions that are invalid")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableInput(f"{file}: expected sizes of {n_slices} slices of {whole.name}, found {error}") from error
    return pixel_mm, positions_mm


@lru_cache(maxsize=4)
def _geometry(file: Path, changed: int) -> dict[str, Any]:  # noqa: ARG001 (read again if the file has changed)
    return dict(json.loads(file.read_text(encoding="utf-8")).get("geometry", {}))
