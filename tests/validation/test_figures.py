"""The figures against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact
from sklearn.metrics import average_precision_score, brier_score_loss, confusion_matrix, roc_auc_score

from ichor.evaluate.proportions import exact_interval
from ichor.findings.verdict import Tier
from ichor.subtypes import Subtype
from ichor.validation.cases import Overlap, Said, ScanCase
from ichor.validation.figures import figures_of
from ichor.validation.mask_figures import mask_figures
from synthetic_truth import found, made_cases

CASES = made_cases(120, seed=1)
TRUTH = np.array([one.truth.hemorrhage for one in CASES])
PROBABILITY = np.array([one.found.probability for one in CASES if one.found])


def test_areas_and_errors_are_those_of_scikit_learn() -> None:
    detection = figures_of(CASES, 0.1)["detection"]
    assert detection["auc"]["value"] == pytest.approx(roc_auc_score(TRUTH, PROBABILITY), abs=1e-6)
    assert detection["average_precision"]["value"] == pytest.approx(
        average_precision_score(TRUTH, PROBABILITY), abs=1e-6
    )
    assert detection["brier"]["value"] == pytest.approx(brier_score_loss(TRUTH, PROBABILITY), abs=1e-6)
    for name in ("auc", "average_precision", "brier"):
        low, high = detection[name]["ci95"]
        assert low < detection[name]["value"] < high


@pytest.mark.parametrize(("call", "threshold"), [("possible", 0.2), ("suspected", 0.5)])
def test_rates_are_those_of_the_confusion_matrix(call: str, threshold: float) -> None:
    one = figures_of(CASES, None)["detection"]["calls"][call]
    ((tn, fp), (fn, tp)) = confusion_matrix(TRUTH, threshold <= PROBABILITY)
    assert one["table"] == {"true_positive": tp, "false_negative": fn, "false_positive": fp, "true_negative": tn}
    assert one["sensitivity"]["value"] == pytest.approx(tp / (tp + fn), abs=1e-6)
    assert one["specificity"]["ci95"] == pytest.approx(exact_interval(tn, tn + fp), abs=1e-6)
    assert one["positive_predictive_value"] is None


def test_scans_of_unknown_truth_and_without_result_are_left_out_and_counted() -> None:
    more = [
        CASES[0].model_copy(update={"scan": "a", "found": None, "reason": "damaged"}),
        CASES[0].with_truth(Said(hemorrhage=None)).model_copy(update={"scan": "b"}),
    ]
    counts, before = figures_of([*CASES, *more], 0.1)["scans"], figures_of(CASES, 0.1)["scans"]
    assert (counts["in_table"], counts["not_screened"], counts["truth_unknown"], counts["counted"]) == (122, 1, 1, 120)
    assert before["with_hemorrhage"] + before["without_hemorrhage"] == 120 == before["patients"]


def test_several_scans_of_a_patient_widen_the_intervals() -> None:
    cases = made_cases(120, seed=1)
    together = [
        one.model_copy(update={"patient": k // 4})
        for k, one in enumerate(sorted(cases, key=lambda one: one.found.probability))
    ]  # type: ignore[union-attr]
    alone, joined = (figures_of(some, 0.1) for some in (cases, together))
    assert joined["scans"]["patients"] == 30
    width = [np.ptp(one["detection"]["calls"]["suspected"]["sensitivity"]["ci95"]) for one in (alone, joined)]
    assert width[1] > width[0]
    assert joined["detection"]["auc"]["value"] == alone["detection"]["auc"]["value"]


def test_groups_add_up_to_all_scans() -> None:
    groups = figures_of(CASES, 0.1)["groups"]
    assert set(groups) == {"age", "scanner"}
    assert [one["group"] for one in groups["age"]] == ["18 to 39 years", "80 years and over"]
    assert [one["group"] for one in groups["scanner"]] == ["Maker A", None]
    for each in groups.values():
        assert sum(one["n"] for one in each) == 120
    inside = np.array([one.groups["age"] == "80 years and over" for one in CASES])
    old = groups["age"][1]
    assert old["auc"]["value"] == pytest.approx(roc_auc_score(TRUTH[inside], PROBABILITY[inside]), abs=1e-6)
    assert old["suspected"]["sensitivity"]["value"] == pytest.approx(
        (PROBABILITY >= 0.5)[inside & TRUTH].mean(), abs=1e-6
    )


def test_only_scans_with_hemorrhage_are_grouped_by_its_volume() -> None:
    cases = [
        one.model_copy(update={"groups": {"volume of the hemorrhage": "2 to 10 mL"}})
        if one.truth.hemorrhage and k % 2
        else one
        for k, one in enumerate(CASES)
    ]
    some, unknown = figures_of(cases, 0.1)["groups"]["volume of the hemorrhage"]
    assert some["group"] == "2 to 10 mL" and unknown["group"] is None
    assert some["n"] + unknown["n"] == some["with_hemorrhage"] + unknown["with_hemorrhage"] == TRUTH.sum()


def test_subtypes() -> None:
    by_name = {one["subtype"]: one for one in figures_of(CASES, 0.1)["subtypes"]}
    has = np.array([one.truth.subtypes[Subtype.SDH] for one in CASES])
    own = np.array([one.found.subtypes[Subtype.SDH] for one in CASES if one.found and one.found.subtypes])
    sdh = by_name["SDH"]
    assert sdh["n"] == has.sum()
    assert sdh["sensitivity"]["suspected"]["value"] == pytest.approx((PROBABILITY >= 0.5)[has].mean(), abs=1e-6)
    assert sdh["auc"]["value"] == pytest.approx(roc_auc_score(has, own), abs=1e-6)


def test_scans_whose_subtypes_are_not_known_count_in_none() -> None:
    cases = [one.with_truth(Said(hemorrhage=one.truth.hemorrhage)) for one in CASES]
    assert all(one["n"] == 0 and one["auc"] is None for one in figures_of(cases, 0.1)["subtypes"])


def test_warnings_of_input_checks_against_errors() -> None:
    checks = figures_of(CASES, 0.1)["checks"]
    failed = np.array([bool(one.found.checks) for one in CASES if one.found])
    wrong = (PROBABILITY >= 0.5) != TRUTH
    assert checks["failed"]["value"] == pytest.approx(wrong[failed].mean(), abs=1e-6)
    table = [[(wrong & where).sum(), (~wrong & where).sum()] for where in (failed, ~failed)]
    assert checks["p"] == pytest.approx(fisher_exact(table).pvalue, abs=1e-6)
    (each,) = checks["each"]
    assert (each["check"], each["n"]) == ("sharp kernel", failed.sum())


def test_one_class_leaves_out_what_needs_both() -> None:
    only = [one for one in CASES if one.truth.hemorrhage]
    figures = figures_of(only, None)
    assert figures["detection"]["auc"]["value"] is None
    assert figures["detection"]["calls"]["suspected"]["specificity"]["n"] == 0


def test_figures_without_any_scan_are_not_defined() -> None:
    case = ScanCase(scan="a", row=2, patient=0, truth=Said(hemorrhage=True), found=None, reason="damaged")
    figures = figures_of([case], None)
    assert figures["scans"]["counted"] == 0 and figures["detection"]["auc"] is None


def test_a_flagged_scan_is_possible_whatever_its_probability() -> None:
    case = ScanCase(scan="a", row=2, patient=0, truth=Said(hemorrhage=True), found=found(0.1, tier=Tier.POSSIBLE))
    calls = figures_of([case], None)["detection"]["calls"]
    assert calls["possible"]["sensitivity"]["count"] == 1 and calls["suspected"]["sensitivity"]["count"] == 0


def test_masks() -> None:
    def overlap(dice: float, hd95: float | None, volume: float) -> Overlap:
        return Overlap(
            dice=dice,
            surface_dice_2mm=dice,
            hd95_mm=hd95,
            volume_ml=volume,
            reference_volume_ml=10.0,
            lesions=2,
            found=1,
            predicted=3,
            false=1,
        )

    overlaps = [overlap(0.9, 2.0, 12.0), overlap(0.5, None, 7.0), overlap(0.7, 4.0, 10.0)]
    cases = [one.model_copy(update={"overlap": of}) for one, of in zip(CASES, overlaps, strict=False)]
    figures = mask_figures(cases)
    assert figures is not None and figures["n"] == 3
    assert figures["dice"]["value"] == pytest.approx(0.7)
    assert (figures["hd95_mm"]["value"], figures["hd95_mm"]["n"]) == (3.0, 2)
    assert figures["volume_error_ml"]["value"] == pytest.approx(-1 / 3, abs=1e-6)
    assert figures["absolute_volume_error_ml"]["value"] == pytest.approx(5 / 3, abs=1e-6)
    assert (figures["lesion_sensitivity"]["value"], figures["lesion_sensitivity"]["n"]) == (0.5, 6)
    assert figures["lesion_precision"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert mask_figures(CASES) is None
