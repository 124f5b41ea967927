"""The shipped model in the annotation tool: AI outlines as a starting point, and its uncertainty.

Runs the exported network as screening does; no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.labelling_time import labelling_s
from ichor.annotate.project.records import UNSTATED
from ichor.annotate.uncertainty import entropy, of_slices, patch_px
from ichor.scan import Scan
from ichor.segmentation import Segmentation

if TYPE_CHECKING:
    from ichor.screening.screener import Screener


@dataclass(frozen=True, eq=False)
class Suggestion:
    """The model's output for a scan of n slices.

    Attributes:
        label_map: (n, rows, columns) uint8 on the scan's own grid, 0 where nothing is marked: the method's outline at
            its own thresholds. If the method predicts a single subtype for a slice, its regions have that subtype;
            otherwise they are hemorrhage without a stated subtype.
        probability: (n, rows, columns) float16 on the scan's own grid.
        uncertainty: (n,), see `ichor.annotate.uncertainty`.
        labelling_s: the estimated time for labeling the scan, in seconds, if the outline were right.
    """

    label_map: NDArray[np.uint8]
    probability: NDArray[np.float16]
    uncertainty: NDArray[np.float64]
    labelling_s: float


def suggest(scan: Scan) -> Suggestion:
    """Run the shipped model. Raises BadConfig if its package is damaged."""
    found = _screener().segment(scan)
    assert found.mask is not None and found.probability is not None  # the shipped model segments
    mask = found.mask
    return Suggestion(
        label_map=np.where(mask, _labels(found, scan.n_slices)[:, None, None], 0).astype(np.uint8),
        probability=found.probability.astype(np.float16),
        uncertainty=of_slices(entropy(found.probability), patch_px(scan.pixel_mm, mask.shape[1:])),
        labelling_s=labelling_s(mask, scan.pixel_mm),
    )


@cache
def _screener() -> Screener:
    from ichor.screening.screener import Screener

    return Screener()


def _labels(found: Segmentation, n_slices: int) -> NDArray[np.int64]:
    """(n,) the label for the outlines on each slice."""
    subtypes = found.subtype_probability
    if subtypes is None:
        return np.full(n_slices, UNSTATED)
    # With several subtypes on a slice, it is unknown which region is which.
    return np.where((subtypes >= 0.5).sum(axis=1) > 1, UNSTATED, 1 + subtypes.argmax(axis=1))
