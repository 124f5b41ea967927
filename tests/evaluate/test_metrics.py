from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from ichor.evaluate.intervals import RESAMPLES
from ichor.evaluate.metrics import metrics_of, sampled_metrics
from ichor.evaluate.results import SubjectResult
from synthetic_results import synthetic_result

SUBTYPES = ["IVH", "IPH", "SAH", "EDH", "SDH"]


@pytest.fixture(scope="module")
def results() -> list[SubjectResult]:
    return [
        synthetic_result("049", 3, 0.8, 1, fold=1),
        synthetic_result("050", 2, 0.5, 2, fold=2),
        synthetic_result("051", 2, 0.0, 3, fold=1),
        synthetic_result("070", 4, 0.1, 4, fold=2, excluded="chronic"),
        *(synthetic_result(f"{n:03d}", 0, 0, n, fold=1 + n % 2) for n in range(90, 96)),
    ]


@pytest.fixture(scope="module")
def found(results: list[SubjectResult]) -> dict[str, Any]:
    return metrics_of(results)


def pooled(results: list[SubjectResult], of: str) -> np.ndarray:
    return np.concatenate([getattr(r, of) for r in results])


def value(figure: dict[str, Any]) -> float:
    assert set(figure) == {"value", "ci95", "n"}
    return figure["value"]


def test_overlap_is_averaged_as_the_paper_does_without_the_chronic_subject(results, found) -> None:
    dice = [r.overlaps.dice[r.overlaps.positive].mean() for r in results[:3]]
    jaccard = [r.overlaps.jaccard[r.overlaps.positive].mean() for r in results[:3]]
    assert value(found["dice"]["paper_average"]) == pytest.approx(np.mean(dice), abs=1e-6)
    assert value(found["jaccard"]["paper_average"]) == pytest.approx(np.mean(jaccard), abs=1e-6)
    assert found["dice"]["paper_average"]["n"] == 3
    acute = [r.overlaps for r in results if not r.excluded_from_overlap]
    both, sizes = (sum(int(x) for o in acute for x in each(o)) for each in (_both, _sizes))
    assert value(found["dice"]["pooled"]) == pytest.approx(2 * both / sizes, abs=1e-6)
    assert value(found["jaccard"]["pooled"]) == pytest.approx(both / (sizes - both), abs=1e-6)
    assert found["dice"]["pooled"]["n"] == len(results) - 1
    in_3d = [2 * o.both.sum() / (o.predicted + o.reference).sum() for o in acute[:3]]
    assert value(found["dice"]["per_scan_3d"]) == pytest.approx(np.mean(in_3d), abs=1e-6)
    assert set(found["per_subject"]) == {"049", "050", "051"}
    assert set(found["by_subtype"]) == {"EDH"}
    assert found["subjects_missed"] == ["051"]


def _both(o) -> np.ndarray:
    return o.both


def _sizes(o) -> np.ndarray:
    return o.predicted + o.reference


@pytest.mark.parametrize("without_excluded", [False, True])
@pytest.mark.parametrize("level", ["slice", "scan"])
def test_detection_is_that_of_scikit_learn(results, found, level: str, without_excluded: bool) -> None:
    some = [r for r in results if not (without_excluded and r.excluded_from_overlap)]
    here = (found["without_excluded"] if without_excluded else found)[level]
    if level == "slice":
        truth, scores = pooled(some, "positive"), pooled(some, "slice_probability")
        called = np.concatenate([r.overlaps.predicted for r in some]) > 0
    else:
        truth = np.array([r.has_hemorrhage for r in some])
        scores = np.array([r.scan_probability for r in some])
        called = np.array([r.overlaps.predicted.any() for r in some])
    assert value(here["auc"]) == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-6)
    assert value(here["average_precision"]) == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-6)
    assert value(here["brier"]) == pytest.approx(metrics.brier_score_loss(truth, scores), abs=1e-6)
    assert value(here["sensitivity"]) == pytest.approx(metrics.recall_score(truth, called), abs=1e-6)
    assert value(here["specificity"]) == pytest.approx(metrics.recall_score(~truth, ~called), abs=1e-6)
    false_positive, true_positive, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    assert value(here["specificity_at_sensitivity_97"]) == pytest.approx(
        (1 - false_positive)[true_positive >= 0.97].max(), abs=1e-6
    )
    assert value(here["sensitivity_at_specificity_90"]) == pytest.approx(
        true_positive[1 - false_positive >= 0.9 - 1e-12].max(), abs=1e-6
    )
    assert here["auc"]["n"] == len(truth)
    assert here["sensitivity"]["n"] == truth.sum()


def test_the_rule_of_400_pixels_is_pooled_and_averaged_over_subjects_and_folds(results, found) -> None:
    for threshold in (0.5, 0.9):
        rates = [_rates(r.positive, r.areas[threshold] > 400) for r in results]
        key = str(threshold)
        every = _rates(pooled(results, "positive"), np.concatenate([r.areas[threshold] for r in results]) > 400)
        folds = [
            _rates(
                np.concatenate([r.positive for r in results if r.fold == k]),
                np.concatenate([r.areas[threshold] for r in results if r.fold == k]) > 400,
            )
            for k in (1, 2)
        ]
        for i, name in enumerate(("sensitivity", "specificity", "accuracy")):
            assert value(found["by_threshold"][key][name]) == pytest.approx(every[i], abs=1e-6)
            over_subjects = np.nanmean([one[i] for one in rates])
            assert value(found["by_threshold_per_subject"][key][name]) == pytest.approx(over_subjects, abs=1e-6)
            over_folds = np.mean([one[i] for one in folds])
            assert value(found["by_threshold_per_fold"][key][name]) == pytest.approx(over_folds, abs=1e-6)
        assert found["by_threshold_per_subject"][key]["sensitivity"]["n"] == 4
        assert found["by_threshold_per_fold"][key]["sensitivity"]["n"] == 2
    shipped = np.concatenate([r.overlaps.predicted for r in results]) > 400
    assert value(found["slice_400px"]["accuracy"]) == pytest.approx(
        metrics.accuracy_score(pooled(results, "positive"), shipped), abs=1e-6
    )


def _rates(truth: np.ndarray, called: np.ndarray) -> list[float]:
    return [each.mean() if each.size else np.nan for each in (called[truth], ~called[~truth], called == truth)]


def test_table_5_is_spread_over_subjects(results, found) -> None:
    dice = [r.overlaps.dice[r.overlaps.positive].mean() for r in results[:3]]
    ours = {name: one["value"] for name, one in found["table_5"]["dice"].items()}
    expected = {"min": min(dice), "max": max(dice), "std": np.std(dice), "average": np.mean(dice)}
    assert ours == pytest.approx(expected, abs=1e-6)
    sensitivity = [(r.overlaps.predicted > 400)[r.positive].mean() for r in results if r.has_hemorrhage]
    ours = {name: one["value"] for name, one in found["table_5"]["sensitivity"].items()}
    assert ours == pytest.approx(
        {"min": min(sensitivity), "max": max(sensitivity), "std": np.std(sensitivity), "average": np.mean(sensitivity)},
        abs=1e-6,
    )
    assert found["table_5"]["specificity"]["average"]["n"] == len(results)
    assert found["table_5"]["dice"]["min"]["ci95"] is None


def test_volume_agreement_is_bland_and_altmans(results, found) -> None:
    error = np.array([r.volume_ml - r.reference_volume_ml for r in results[:3]])
    assert results[0].reference_volume_ml == 3 * 400 * 5 / 1000
    volume = found["volume"]
    assert value(volume["error_ml"]) == pytest.approx(error.mean(), abs=1e-6)
    assert value(volume["absolute_error_ml"]) == pytest.approx(np.abs(error).mean(), abs=1e-6)
    assert value(volume["median_absolute_error_ml"]) == pytest.approx(sorted(np.abs(error))[1], abs=1e-6)
    assert volume["median_absolute_error_ml"]["n"] == 3
    limits = stats.norm.interval(0.95, error.mean(), error.std(ddof=1))
    agreement = volume["bland_altman"]
    assert value(agreement["bias_ml"]) == pytest.approx(error.mean(), abs=1e-6)
    assert value(agreement["lower_limit_ml"]) == pytest.approx(limits[0], rel=1e-3)
    assert value(agreement["upper_limit_ml"]) == pytest.approx(limits[1], rel=1e-3)


def test_scans_in_which_far_too_much_is_marked_are_listed(results) -> None:
    def scan(subject: str, marked_ml: float | None, reference_ml: float | None) -> SubjectResult:
        return replace(results[0], subject=subject, volume_ml=marked_ml, reference_volume_ml=reference_ml)

    # As counted by hand: 66 mL for 6, 47 for 8, 12 for 1, and what is not quite so much.
    scans = [scan("060", 66, 6), scan("061", 47, 8), scan("062", 12, 1), scan("063", 10.5, 1), scan("064", 30, 11)]
    scans += [
        scan("065", None, None),
        scan("066", 5, 0.2),
        replace(results[3], volume_ml=90.0, reference_volume_ml=1.0),
    ]
    found = metrics_of([*scans, *results[4:]])["volume"]
    assert found["oversegmented"] == ["060", "061", "062"]
    assert value(found["median_absolute_error_ml"]) == np.median([60, 39, 11, 9.5, 19, 4.8])


def test_surface_and_lesion_figures_are_averaged_as_written(results, found) -> None:
    acute = results[:3]  # nothing was found in the third: no distance, a surface Dice of 0
    assert acute[2].surface.hd95_mm is None
    assert found["surface"]["hd95_mm"]["n"] == 2
    assert value(found["surface"]["hd95_mm"]) == pytest.approx(
        np.mean([r.surface.hd95_mm for r in acute[:2]]), abs=1e-6
    )
    assert found["surface"]["surface_dice_2mm"]["n"] == 3
    assert value(found["lesion"]["sensitivity"]) == pytest.approx(2 / 3, abs=1e-6)
    assert value(found["lesion"]["precision"]) == 1
    assert found["lesion"]["false_per_scan"] == {"value": 0.0, "ci95": [0.0, 0.0], "n": 9}
    assert found["by_lesion_size"]["2_to_10_ml"]["sensitivity"]["n"] == 3
    assert found["by_lesion_size"]["under_0.5_ml"]["dice"] == {"value": None, "ci95": None, "n": 0}


def test_ages_are_compared_by_mann_and_whitney(results, found) -> None:
    dice = [r.overlaps.dice[r.overlaps.positive].mean() for r in results[:3]]
    p = stats.mannwhitneyu(dice[:1], dice[1:], method="exact").pvalue
    assert found["by_age_difference"]["mann_whitney_p"] == {"value": pytest.approx(p, abs=1e-6), "ci95": None, "n": 3}
    assert (found["by_age"]["under_18"]["n"], found["by_age"]["18_and_over"]["n"]) == (1, 2)


def test_subtypes_are_reported_if_a_method_predicts_them(found) -> None:
    assert found["subtype_auc"] is None
    some = [synthetic_result(f"{n:03d}", n % 3, 0.5, n, subtypes=True) for n in range(71, 80)]
    told = metrics_of(some)["subtype_auc"]
    labels, probability = pooled(some, "labels"), pooled(some, "subtype_probability")
    assert value(told["EDH"]) == pytest.approx(metrics.roc_auc_score(labels[:, 3], probability[:, 3]), abs=1e-6)
    assert told["mean"]["value"] == told["EDH"]["value"]  # the only one that occurs
    assert told["IVH"]["value"] is None


def test_slices_with_a_subtype_are_found_by_any_pixel(results, found) -> None:
    labels = pooled(results, "labels")
    called = np.concatenate([r.overlaps.predicted for r in results]) > 0
    assert set(found["slice_sensitivity_by_subtype"]) == {"EDH"}
    figure = found["slice_sensitivity_by_subtype"]["EDH"]
    assert value(figure) == pytest.approx(called[labels[:, 3]].mean(), abs=1e-6)
    assert figure["n"] == labels[:, 3].sum()


def test_a_missed_chronic_subject_is_named_though_its_dice_does_not_count(results) -> None:
    found = metrics_of([*results[:3], synthetic_result("070", 4, 0.0, 4, excluded="chronic")])
    assert found["subjects_missed"] == ["051", "070"]
    assert "070" not in found["per_subject"]


def test_only_scans_with_hemorrhage_give_no_false_positive_volume(results) -> None:
    found = metrics_of(results[:3])
    assert found["false_positive_ml"]["p95"] == {"value": None, "ci95": None, "n": 0}
    assert found["scan"]["auc"]["value"] is None


def test_only_scans_without_hemorrhage_give_no_overlap(results) -> None:
    found = metrics_of(results[4:])
    assert found["slice"]["auc"]["value"] is None
    assert found["dice"]["paper_average"] == {"value": None, "ci95": None, "n": 0}
    assert found["false_positive_ml"]["median"] == {"value": 0.0, "ci95": [0.0, 0.0], "n": 6}
    json.dumps(found, allow_nan=False)


def test_the_document_explains_every_key(found) -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md").read_text()
    assert [key for key in found if not re.search(rf"`{key}[`.]", document)] == []


def test_intervals_hold_their_figure_and_are_replayable(results, found) -> None:
    assert metrics_of(results) == found
    low, high = found["dice"]["paper_average"]["ci95"]
    assert low < found["dice"]["paper_average"]["value"] < high


def test_a_resample_is_the_figure_of_the_subjects_it_drew(results) -> None:
    """What is summed by weights is what the drawn subjects, put one after another, would give."""
    sampled = sampled_metrics(results)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(results), size=(RESAMPLES, len(results)))
    for k in (1, 500, RESAMPLES):
        some = [results[i] for i in drawn[k - 1]]
        truth, scores = pooled(some, "positive"), pooled(some, "slice_probability")
        if len(set(truth)) == 2:
            assert sampled["slice"]["auc"].values[k] == pytest.approx(metrics.roc_auc_score(truth, scores))
        dice = [
            r.overlaps.dice[r.overlaps.positive].mean()
            for r in some
            if r.overlaps.positive.any() and not r.excluded_from_overlap
        ]
        assert sampled["dice"]["paper_average"].values[k] == pytest.approx(
            np.mean(dice) if dice else np.nan, nan_ok=True
        )
        false = [r.volume_ml for r in some if not r.has_hemorrhage]
        assert sampled["false_positive_ml"]["p95"].values[k] == pytest.approx(np.percentile(false, 95))


def test_a_detector_calls_slices_from_its_threshold_on(results: list[SubjectResult]) -> None:
    threshold = 0.4
    detected = [replace(r, pixels=None, areas={}, threshold=threshold, surface=None, lesions=None) for r in results]
    found = metrics_of(detected)
    truth = pooled(results, "positive")
    called = pooled(results, "slice_probability") >= threshold
    assert value(found["slice"]["sensitivity"]) == pytest.approx(metrics.recall_score(truth, called), abs=1e-6)
    assert value(found["slice"]["specificity"]) == pytest.approx(metrics.recall_score(~truth, ~called), abs=1e-6)
    scans = np.array([r.has_hemorrhage for r in results])
    any_called = np.array([(r.slice_probability >= threshold).any() for r in results])
    assert value(found["scan"]["sensitivity"]) == pytest.approx(metrics.recall_score(scans, any_called), abs=1e-6)
    assert found["dice"] is None


def test_without_its_threshold_a_detector_has_no_rates(results: list[SubjectResult]) -> None:
    detected = [replace(r, pixels=None, areas={}, threshold=None, surface=None, lesions=None) for r in results]
    assert metrics_of(detected)["slice"]["sensitivity"] is None
