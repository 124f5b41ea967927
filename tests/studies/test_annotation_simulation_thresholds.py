from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ichor.dataset.case import Case
from ichor.scan import Scan, Source
from studies.annotation_simulation.thresholds import choose_thresholds


def _case(subject: str, n_blood: int) -> Case:
    mask = np.zeros((4, 20, 20), bool)
    mask[:n_blood, 5:15, 5:15] = True
    labels = np.zeros((4, 5), bool)
    labels[:n_blood, 1] = True
    scan = Scan(np.where(mask, 70.0, 30.0), Source("images", Path(subject)))
    return Case(subject, scan, mask, labels)


def _answer(scan: Scan) -> dict[str, np.ndarray]:
    """Probability 0.06 for blood, 0.04 for a rim around it and a false lesion; slices are ranked correctly."""
    blood = np.asarray(scan.voxels) > 60
    probability = np.where(blood, 0.06, 0.0)
    probability[:, 3:5] = 0.04
    probability[-1, 10:14, 10:14] = np.maximum(probability[-1, 10:14, 10:14], 0.04)
    slices = np.where(blood.any(axis=(1, 2)), 0.8, 0.3)
    return {"probability": probability.astype(np.float32), "slice_probability": slices}


def test_thresholds_are_those_of_the_best_dice_and_the_sensitivity() -> None:
    assert choose_thresholds(_answer, [_case("049", 2), _case("050", 1), _case("054", 0)]) == (0.8, 0.05)


def test_an_excluded_subject_does_not_choose_the_voxel_threshold() -> None:
    def dark(scan: Scan) -> dict[str, np.ndarray]:
        answer = _answer(scan)
        if scan.source.path.name == "070":
            answer["probability"] = np.where(answer["probability"] > 0.05, 0.006, 0.0).astype(np.float32)
        return answer

    cases = [_case("049", 2), _case("070", 4), _case("054", 0)]
    assert choose_thresholds(dark, cases)[1] < 0.05
    cases[1] = replace(cases[1], excluded_from_overlap="chronic")
    assert choose_thresholds(dark, cases)[1] == 0.05
