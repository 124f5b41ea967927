"""Counts, over subjects, how much hemorrhage masks cover and how much they mark wrongly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.evaluate.overlap import Overlaps, subject_averages


class MaskCounts:
    """Counts of the subjects' masks compared with the delineations.

    A slice or scan counts as positive if any of its voxels is marked.
    """

    def __init__(self) -> None:
        self._overlaps: dict[str, Overlaps] = {}
        self._excluded: list[str] = []
        self._missed: list[str] = []
        self._called: list[bool] = []
        self._wrongly_called: list[bool] = []
        self._false_ml: list[float] = []

    def add(self, case: Case, mask: NDArray[np.bool_]) -> None:
        """Count a subject, with a mask (n, rows, columns) on the grid of its scan."""
        self._overlaps[case.subject] = Overlaps.of(mask, case.mask)
        if case.excluded_from_overlap:
            self._excluded.append(case.subject)
        marked = mask.sum(axis=(1, 2))
        self._called += (marked > 0)[case.positive].tolist()
        self._wrongly_called += (marked > 0)[~case.positive].tolist()
        if not case.positive.any():
            volume = case.scan.volume_ml(marked)
            assert volume is not None  # the dataset's slices have a spacing
            self._false_ml.append(volume)
        elif not (mask & case.mask).any():
            self._missed.append(case.subject)

    def figures(self) -> dict[str, float | list[str]]:
        """The figures; Dice is the paper's average without excluded subjects, mL are of scans without hemorrhage."""
        dice = [one for one, _ in subject_averages(self._overlaps, leave_out=self._excluded).values()]
        median, high = np.percentile(self._false_ml, [50, 95])
        return {
            "dice": round(float(np.mean(dice)), 4),
            "missed": sorted(self._missed),
            "sensitivity": round(float(np.mean(self._called)), 4),
            "specificity": round(1 - float(np.mean(self._wrongly_called)), 4),
            "unmarked": round(float(np.mean(np.array(self._false_ml) == 0)), 4),
            "false_ml_median": round(float(median), 3),
            "false_ml_p95": round(float(high), 3),
        }

    def cells(self) -> str:
        """The figures as the cells of a row of a Markdown table."""
        of = self.figures()
        assert isinstance(of["missed"], list)
        rates = (f"{100 * float(of[name]):.1f} %" for name in ("sensitivity", "specificity", "unmarked"))
        ml = f"{of['false_ml_median']:.1f}; {of['false_ml_p95']:.1f}"
        return " | ".join([f"{of['dice']:.3f}", ", ".join(of["missed"]) or "none", *rates, ml])
