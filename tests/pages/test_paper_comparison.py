"""What the rule says of our figures beside the paper's."""

from __future__ import annotations

import pytest

from ichor.pages import paper
from ichor.pages.paper_comparison import (
    EXPERIMENTS,
    FULL_SLICES,
    THRESHOLD,
    TILES,
    Published,
    Verdict,
    paper_experiment,
)
from synthetic_metrics import figure, synthetic_metrics

DICE = Published("Dice", "Table 5", 0.315, ("dice", "paper_average"))


@pytest.mark.parametrize(
    ("value", "n", "verdict"),
    [
        (0.315, 35, Verdict.REPRODUCED),
        (0.36, 35, Verdict.REPRODUCED),
        (0.37, 35, Verdict.BETTER),
        (0.26, 35, Verdict.WORSE),
        (0.315, 2, Verdict.TOO_FEW),
    ],
)
def test_the_interval_decides(value: float, n: int, verdict: Verdict) -> None:
    assert DICE.verdict({"dice": {"paper_average": figure(value, n)}}) is verdict


def test_empty_masks_are_reproduced_by_empty_masks() -> None:
    metrics = synthetic_metrics("paper-unet-full")
    zero = {"value": 0.0, "ci95": [0.0, 0.0], "n": 35}
    metrics["dice"]["paper_average"] = metrics["jaccard"]["paper_average"] = zero
    assert {one.verdict(metrics) for one in FULL_SLICES.numbers} == {Verdict.REPRODUCED}


@pytest.mark.parametrize(
    ("ours", "verdict"), [(0.528, Verdict.SAME), (0.5284, Verdict.SAME), (0.6, Verdict.HIGHER), (0.52, Verdict.LOWER)]
)
def test_what_has_no_interval_is_only_compared(ours: float, verdict: Verdict) -> None:
    most = Published("Jaccard, maximum", "Table 5", 0.528, ("table_5", "jaccard", "max"), judged=False)
    assert most.verdict({"table_5": {"jaccard": {"max": {"value": ours, "ci95": None, "n": 35}}}}) is verdict


def test_missed_subjects_are_counted_without_the_excluded() -> None:
    (missed,) = [one for one in TILES.numbers if one.keys == ("subjects_missed",)]
    assert missed.ours(synthetic_metrics()) == {"value": 1, "ci95": None}
    assert missed.verdict(synthetic_metrics()) is Verdict.LOWER
    assert missed.ours({**synthetic_metrics(), "excluded_from_overlap": {}}) == {"value": 2, "ci95": None}


def test_every_number_of_the_paper_has_its_place() -> None:
    metrics = synthetic_metrics()
    assert [len(one.numbers) for one in EXPERIMENTS] == [2, 2, 16 + 1 + 15 + 5 + 2 + 1]
    for experiment in EXPERIMENTS:
        assert all(one.ours(metrics) is not None for one in experiment.numbers)


def test_a_run_is_compared_with_its_own_experiment_or_the_best() -> None:
    names = ("paper-threshold", "paper-unet-full-reduced", "paper-unet-tiles-as-released", "compact")
    assert [paper_experiment(synthetic_metrics(name)) for name in names] == [THRESHOLD, FULL_SLICES, TILES, TILES]


def test_the_published_tables_are_complete() -> None:
    assert [row.threshold for row in paper.TABLE_6] == [0.5, 0.6, 0.7, 0.8, 0.9]
    assert all(0 <= share <= 1 for row in paper.TABLE_6 for share in row)
    assert [spread.average for spread in paper.TABLE_5.values()] == [0.218, 0.315, 0.9728, 0.504]
