"""Thresholds of verdicts: chosen on all scans, measured on those of other folds than they were chosen on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from ichor.evaluate.prediction import SingleSlices
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
    single_slices: SingleSlices | None = None
    positive: np.ndarray = field(default_factory=lambda: np.array([False]))
    known_slices: np.ndarray = field(default_factory=lambda: np.array([True]))


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


def test_single_slices_get_thresholds_of_their_own_measured_in_the_same_way() -> None:
    """As many scans of one slice get the same thresholds and rates; slices whose labels are unknown do not count."""
    scans = scored()
    alone = [
        replace(
            one,
            scan_probability=float(one.has_hemorrhage),
            single_slices=SingleSlices(np.array([one.scan_probability, 0.99]), np.array([False, True])),
            positive=np.array([one.has_hemorrhage, False]),
            known_slices=np.array([True, False]),
        )
        for one in scans
    ]
    of_scans, rule = verdict_rule(scans), verdict_rule(alone)
    assert of_scans is not None and rule is not None and rule.single_slice is not None
    assert rule.suspected.sensitivity.value == 1
    assert rule.single_slice.model_dump() == of_scans.model_dump(exclude={"single_slice"})
    assert rule.for_scan(1) is rule.single_slice and rule.for_scan(2) is rule
    assert of_scans.for_scan(1) is of_scans and of_scans.single_slice is None


def test_rates_on_single_slices_are_resampled_by_subject() -> None:
    """Slices of a subject are alike: with three copies of each, the intervals are as wide as with one."""
    intervals = []
    for copies in (1, 3):
        alone = [
            replace(
                one,
                single_slices=SingleSlices(np.full(copies, one.scan_probability), np.zeros(copies, bool)),
                positive=np.full(copies, one.has_hemorrhage),
                known_slices=np.ones(copies, bool),
            )
            for one in scored()
        ]
        rule = verdict_rule(alone)
        assert rule is not None and rule.single_slice is not None
        assert rule.single_slice.possible.specificity.n == copies * sum(not one.has_hemorrhage for one in scored())
        intervals.append(rule.single_slice.possible.specificity.ci95)
    assert intervals[0] == pytest.approx(intervals[1], abs=1e-9)
