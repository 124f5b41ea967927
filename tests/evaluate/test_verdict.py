"""Thresholds of verdicts: chosen on all scans, measured on those of other folds than they were chosen on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from ichor.evaluate.verdict import verdict_rule


@dataclass(frozen=True)
class Overlap:
    predicted: np.ndarray


@dataclass(frozen=True)
class Scored:
    """What the thresholds are chosen by, of a subject's result."""

    fold: int
    has_hemorrhage: bool
    scan_probability: float
    pixels: Overlap | None = None


def scored(seed: int = 0, n: int = 200) -> list[Scored]:
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    probability = np.clip(rng.normal(0.35 + 0.3 * truth, 0.15), 0, 1)
    return [Scored(1 + i % 5, bool(truth[i]), float(probability[i])) for i in range(n)]


def shares(scans: list[Scored], threshold: float) -> tuple[float, float]:
    positive = [one.scan_probability >= threshold for one in scans if one.has_hemorrhage]
    negative = [one.scan_probability < threshold for one in scans if not one.has_hemorrhage]
    return float(np.mean(positive)), float(np.mean(negative))


def test_thresholds_keep_what_they_are_chosen_for_and_no_other_would_do_better() -> None:
    scans = scored()
    rule = verdict_rule(scans)
    assert rule is not None
    scores = sorted({one.scan_probability for one in scans})
    assert shares(scans, rule.possible.threshold)[0] >= 0.97
    assert all(shares(scans, one)[0] < 0.97 for one in scores if one > rule.possible.threshold)
    assert shares(scans, rule.suspected.threshold)[1] >= 0.9
    assert all(shares(scans, one)[1] < 0.9 for one in scores if one < rule.suspected.threshold)
    assert (rule.possible.chosen_for, rule.suspected.chosen_for) == ("sensitivity", "specificity")


def test_they_are_measured_with_thresholds_of_the_other_folds() -> None:
    scans = scored()
    rule = verdict_rule(scans)
    assert rule is not None
    right = []
    for fold in range(1, 6):
        chosen = verdict_rule([one for one in scans if one.fold != fold])
        assert chosen is not None
        test = [one for one in scans if one.fold == fold and one.has_hemorrhage]
        right += [one.scan_probability >= chosen.possible.threshold for one in test]
    assert rule.possible.sensitivity.value == pytest.approx(np.mean(right), abs=1e-6)
    assert rule.possible.sensitivity.n == len(right)
    low, high = rule.possible.sensitivity.ci95
    assert low <= rule.possible.sensitivity.value <= high


def test_marked_voxels_are_enough_for_a_possible_hemorrhage() -> None:
    scans = scored()
    marked = [
        Scored(one.fold, one.has_hemorrhage, one.scan_probability, Overlap(np.array([0, one.has_hemorrhage])))
        for one in scans
    ]
    plain, rule = verdict_rule(scans), verdict_rule(marked)
    assert plain is not None and rule is not None
    assert rule.possible.threshold == plain.possible.threshold
    assert plain.possible.sensitivity.value < rule.possible.sensitivity.value == 1
    assert rule.suspected == plain.suspected


@pytest.mark.parametrize("which", ["one fold", "one class", "one class outside a fold", "none specific"])
def test_without_enough_scans_there_are_no_thresholds(which: str) -> None:
    scans = {
        "one fold": [Scored(1, one.has_hemorrhage, one.scan_probability) for one in scored()],
        "one class": [one for one in scored() if one.has_hemorrhage],
        "one class outside a fold": [one for one in scored() if one.has_hemorrhage or one.fold == 2],
        "none specific": [Scored(one.fold, one.has_hemorrhage, 0.5) for one in scored()],
    }[which]
    assert verdict_rule(scans) is None


def test_a_perfect_model_has_one_threshold_for_both() -> None:
    scans = [Scored(1 + i % 5, i % 2 == 0, 0.8 if i % 2 == 0 else 0.1) for i in range(60)]
    rule = verdict_rule(scans)
    assert rule is not None
    assert rule.possible.threshold == rule.suspected.threshold == 0.8
    assert rule.suspected.sensitivity.value == rule.suspected.specificity.value == 1
