"""Figures by condition: equal to those of a run with the same predictions, and paired differences."""

from __future__ import annotations

import pytest

from ichor.evaluate.metrics import metrics_of
from ichor.evaluate.results import SubjectResult
from studies.robustness.figures import AGES, ConditionFigures, Row, by_age, by_condition
from synthetic_results import synthetic_result

EXCLUDED = {"070"}


def row(result: SubjectResult) -> Row:
    return {
        "both": result.overlaps.both.tolist(),
        "predicted": result.overlaps.predicted.tolist(),
        "reference": result.overlaps.reference.tolist(),
        "positive": result.positive.tolist(),
        "slice_probability": result.slice_probability.tolist(),
        "scan_probability": result.scan_probability,
        "volume_ml": result.volume_ml,
        "noise_hu": 4.0,
    }


def results(found: float) -> dict[str, SubjectResult]:
    """Six subjects: two without hemorrhage, one excluded from overlap, and one that is missed."""
    blood = {"051": 3, "052": 0, "070": 2, "071": 4, "072": 0, "073": 1}
    return {
        s: synthetic_result(s, n, 0.0 if s == "073" else found, seed, excluded="chronic" if s in EXCLUDED else "")
        for seed, (s, n) in enumerate(sorted(blood.items()))
    }


def test_the_unchanged_condition_has_the_figures_of_a_run() -> None:
    made = results(0.6)
    ours, run = (
        ConditionFigures({s: row(r) for s, r in made.items()}, excluded=EXCLUDED).as_json(),
        metrics_of(list(made.values())),
    )
    assert ours["dice"] == run["dice"]["paper_average"]
    assert ours["slice_auc"] == run["slice"]["auc"]
    assert ours["sensitivity"] == run["slice"]["sensitivity"]
    assert ours["specificity"] == run["slice"]["specificity"]
    assert ours["scan_auc"] == run["scan"]["auc"]
    assert ours["false_positive_ml_p95"] == run["false_positive_ml"]["p95"]
    assert ours["missed"] == run["subjects_missed"] == ["073"]


def test_differences_are_paired() -> None:
    good, bad = ({s: row(r) for s, r in results(found).items()} for found in (0.9, 0.3))
    found = by_condition({s: {"unchanged": good[s], "same": good[s], "worse": bad[s]} for s in good}, EXCLUDED)
    assert "less_unchanged" not in found["unchanged"]
    assert found["same"]["less_unchanged"]["dice"] == {"value": 0, "ci95": [0, 0], "n": 3}
    assert found["same"]["less_unchanged"]["slice_auc"] == {"value": 0, "ci95": [0, 0], "n": 6}
    less = found["worse"]["less_unchanged"]["dice"]
    assert less["value"] == pytest.approx(found["worse"]["dice"]["value"] - found["unchanged"]["dice"]["value"])
    # The missed subject has no difference, the other two have the same: resamples that hold one of these lie below 0.
    assert less["value"] < less["ci95"][1] <= 0


def test_a_subject_that_loses_its_hemorrhage_is_not_compared() -> None:
    rows = {s: row(r) for s, r in results(0.6).items()}
    none = [0] * len(rows["073"]["positive"])
    lost = {**rows, "073": {**rows["073"], "reference": none, "both": none, "positive": [False] * len(none)}}
    found = by_condition({s: {"unchanged": rows[s], "cut": lost[s]} for s in rows}, EXCLUDED)["cut"]
    assert found["dice"]["n"] == 2
    assert found["less_unchanged"]["dice"] == {"value": 0, "ci95": [0, 0], "n": 2}


def test_children_and_adults_have_separate_figures() -> None:
    made = results(0.6)
    rows = {s: row(r) for s, r in made.items()}
    found = by_age(rows, {s: r.age_years for s, r in made.items()}, EXCLUDED)  # 0, 10, 20, ... years
    young, old = (found[name] for name in AGES)
    assert (young["dice"]["n"], old["dice"]["n"]) == (1, 2)
    assert old["missed"] == ["073"]
    assert found["difference"]["dice"]["value"] == pytest.approx(young["dice"]["value"] - old["dice"]["value"])
    grown = by_age(rows, dict.fromkeys(rows, 40.0), EXCLUDED)
    assert grown[AGES[0]]["dice"]["value"] is None
    assert grown[AGES[1]] == ConditionFigures(rows, excluded=EXCLUDED).as_json()
