"""The agreement of pairs of readers over all scans that both have finished.

Dice is computed in 3-D, for hemorrhage of any subtype and each scan separately, over the scans on which either reader
drew a region; otherwise, readers of many negative scans would seem to agree on outlines. Cohen's kappa is computed for
the labels of all slices of all scans together, and is None if it is undefined (`ichor.annotate.agreement`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.agreement import answers, cohens_kappa
from ichor.annotate.project import LayerState, ScanRecord
from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.runs import decode

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class OnScan:
    """Two readers on one scan.

    Attributes:
        dice: Dice of what they drew, None if neither drew anything.
        answers: for each label, the first reader's answers (n,) for the n slices, and the second's.
    """

    dice: float | None
    answers: Mapping[str, tuple[Mask, Mask]]


def on_scan(record: ScanRecord, a: LayerState, b: LayerState) -> OnScan:
    """The two readings of a scan."""
    drawn_a, drawn_b = _drawn(a, record), _drawn(b, record)
    of_a, of_b = (
        answers([labels_of(one, k) for k in range(record.n_slices)], drawn)
        for one, drawn in ((a, drawn_a), (b, drawn_b))
    )
    both = sum(
        int(np.count_nonzero(_mask(a, int(k), record) & _mask(b, int(k), record)))
        for k in np.flatnonzero(drawn_a & drawn_b)
    )
    size = _pixels(a) + _pixels(b)
    return OnScan(2 * both / size if size else None, {name: (of_a[name], of_b[name]) for name in of_a})


def over_scans(scans: Sequence[OnScan]) -> dict[str, Any]:
    """The mean Dice with its number of scans, and the kappa of each label with the number of slices."""
    dice = [one.dice for one in scans if one.dice is not None]
    names = scans[0].answers if scans else {}
    pooled = {name: [np.concatenate([one.answers[name][side] for one in scans]) for side in (0, 1)] for name in names}
    return {
        "n_scans": len(scans),
        "dice": mean(dice) if dice else None,
        "n_dice": len(dice),
        "kappa": {name: cohens_kappa(*both) for name, both in pooled.items()},
        "n_slices": len(pooled["any_hemorrhage"][0]) if pooled else 0,
    }


def _drawn(layer: LayerState, record: ScanRecord) -> Mask:
    return np.array([k in layer.maps and bool(layer.maps[k].drawn) for k in range(record.n_slices)], bool)


def _mask(layer: LayerState, k: int, record: ScanRecord) -> Mask:
    return decode(layer.maps[k].runs, record.rows, record.columns) > 0


def _pixels(layer: LayerState) -> int:
    """How many pixels have a label."""
    return sum(
        length
        for one in layer.maps.values()
        for label, length in zip(one.runs[::2], one.runs[1::2], strict=True)
        if label
    )
