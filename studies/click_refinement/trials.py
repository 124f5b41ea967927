"""All candidates on all subjects, and the figures: for each fold with what was best on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.click_reach import Settings
from ichor.evaluate.intervals import Sampling
from ichor.evaluate.overlap import scan_dice, slice_averages
from studies.click_refinement.simulate import MOST_CLICKS, Clicked, Slices, correct

CANDIDATES = (
    Settings(prior=0.1, contrast_hu=12, edge_hu=8, fading_mm=30),
    Settings(prior=0.3, contrast_hu=12, edge_hu=8, fading_mm=30),
    Settings(prior=0.1, contrast_hu=20, edge_hu=8, fading_mm=30),
)
STARTS = ("mask", "nothing")
CHOSEN_AFTER = 3  # clicks
REPORTED_AFTER = (0, 1, 3, 5)


@dataclass(frozen=True, eq=False)
class Trial:
    """One subject: for each start what clicks did under each candidate, and how many of its slices were corrected."""

    subject: str
    fold: int
    slices: int
    clicked: dict[str, list[Clicked]]


def trial(slices: Slices) -> Trial:
    """All candidates on one subject."""
    starts = {"mask": slices.mask, "nothing": np.zeros_like(slices.mask)}
    return Trial(
        slices.subject,
        slices.fold,
        len(slices.mask),
        {name: [correct(slices, start, one) for one in CANDIDATES] for name, start in starts.items()},
    )


def figures(trials: Sequence[Trial]) -> dict[str, Any]:
    """What the page says: by start and number of clicks the Dice, and the seconds of a click."""
    sampling = Sampling(len(trials))
    found: dict[str, Any] = {
        "subjects": [one.subject for one in trials],
        "slices": sum(one.slices for one in trials),
        "candidates": [asdict(one) for one in CANDIDATES],
        "starts": {},
    }
    for start in STARTS:
        dice = np.array([[_dice(clicked) for clicked in one.clicked[start]] for one in trials])
        chosen = _chosen(dice[:, :, CHOSEN_AFTER, 0], np.array([one.fold for one in trials]))
        own = [one.clicked[start][chosen[one.fold]] for one in trials]
        seconds = np.concatenate([one.seconds for one in own])
        found["starts"][start] = {
            "chosen": {str(fold): index for fold, index in sorted(chosen.items())},
            "best_of_all": int(dice[:, :, CHOSEN_AFTER, 0].mean(axis=0).argmax()),
            "clicks": int(seconds.size),
            "seconds": {
                "median": round(float(np.median(seconds)), 4),
                "p95": round(float(np.quantile(seconds, 0.95)), 4),
                "largest": round(float(seconds.max()), 4),
            },
            "after": {
                str(n): {
                    name: sampling.mean(np.array([_dice(one)[n, i] for one in own])).as_json()
                    for i, name in enumerate(("scan_dice", "paper_average"))
                }
                for n in REPORTED_AFTER
            },
            "gain": {
                str(n): sampling.mean(np.array([_dice(one)[n, 0] - _dice(one)[0, 0] for one in own])).as_json()
                for n in REPORTED_AFTER[1:]
            },
        }
    return found


def _dice(clicked: Clicked) -> NDArray[np.float64]:
    """(clicks + 1, 2): Dice over the voxels of the scan, and mean Dice of its slices with hemorrhage."""
    return np.array([[scan_dice(one), slice_averages(one)[0]] for one in clicked.overlaps[: MOST_CLICKS + 1]])


def _chosen(dice: NDArray[np.float64], folds: NDArray[np.int64]) -> dict[int, int]:
    """For each fold the candidate with the best mean Dice (subjects, candidates) on the subjects of the others."""
    return {int(fold): int(dice[folds != fold].mean(axis=0).argmax()) for fold in np.unique(folds)}
