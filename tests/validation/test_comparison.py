"""Two models on the same scans, against statsmodels, SciPy and scikit-learn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import wilcoxon
from sklearn.metrics import brier_score_loss, confusion_matrix, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar

from ichor.models.package import DEFAULT_MODEL
from ichor.validation.adjudication import Adjudications
from ichor.validation.cases import Overlap
from ichor.validation.comparison import comparison
from ichor.validation.package import recalibrated_package
from ichor.validation.results import write_results
from ichor.validation.screening import model_of
from synthetic_truth import made_cases, made_validation, write_heads, write_table

CASES = made_cases(200, seed=10)
TRUTH = np.array([one.truth.hemorrhage for one in CASES])
NOW, WAS = (np.array([getattr(one, name).probability for one in CASES]) for name in ("found", "other"))


def test_both_models_have_their_own_figures() -> None:
    found = comparison(CASES)
    assert found["scans"] == 200 and found["independent"]
    for name, probability in (("model", NOW), ("other", WAS)):
        assert found["auc"][name]["value"] == pytest.approx(roc_auc_score(TRUTH, probability), abs=1e-6)
        assert found["brier"][name]["value"] == pytest.approx(brier_score_loss(TRUTH, probability), abs=1e-6)
        rate = found["calls"]["suspected"]["sensitivity"][name]
        assert rate["value"] == pytest.approx((probability >= 0.5)[TRUTH].mean(), abs=1e-6)
    change = roc_auc_score(TRUTH, NOW) - roc_auc_score(TRUTH, WAS)
    assert found["auc"]["difference"]["value"] == pytest.approx(change, abs=1e-6)
    assert found["auc"]["difference"]["ci95"][0] < change < found["auc"]["difference"]["ci95"][1]


@pytest.mark.parametrize(("call", "threshold"), [("possible", 0.2), ("suspected", 0.5)])
def test_rates_are_compared_as_pairs(call: str, threshold: float) -> None:
    calls = comparison(CASES)["calls"][call]
    for rate, right, among in (
        ("sensitivity", lambda p: p >= threshold, TRUTH),
        ("specificity", lambda p: p < threshold, ~TRUTH),
    ):
        was, now = right(WAS)[among], right(NOW)[among]
        one = calls[rate]["difference"]
        assert one["p"] == pytest.approx(mcnemar(confusion_matrix(was, now), exact=True).pvalue, abs=1e-6)
        assert one["value"] == pytest.approx(now.mean() - was.mean(), abs=1e-6)
        assert (one["only_first"], one["only_second"]) == (np.sum(was & ~now), np.sum(now & ~was))


def width(one: dict[str, Any]) -> float:
    return float(np.ptp(one["difference"]["ci95"]))


def test_several_scans_of_a_patient_are_resampled_together() -> None:
    """Four equal scans of each patient tell no more than one; taken for independent, they would seem to."""
    one_each = comparison(CASES)
    four = [one.model_copy(update={"scan": f"{one.scan}-{k}"}) for one in CASES for k in range(4)]
    found, alone = comparison(four), comparison([one.model_copy(update={"patient": k}) for k, one in enumerate(four)])
    assert not found["independent"] and found["scans"] == 800 and alone["independent"]
    assert width(found["auc"]) == pytest.approx(width(one_each["auc"]), rel=0.2)
    assert width(found["auc"]) > 1.6 * width(alone["auc"])
    rates = [one["calls"]["suspected"]["specificity"] for one in (found, alone)]
    assert width(rates[0]) > 1.5 * width(rates[1])


def test_verdicts_that_change_are_counted_and_listed() -> None:
    found = comparison(CASES)
    assert sum(sum(row.values()) for row in found["verdicts"].values()) == 200
    assert found["verdicts"]["suspected"]["suspected"] == np.sum((WAS >= 0.5) & (NOW >= 0.5))
    changed = {one["scan"] for one in found["changed"]}
    tiers = [(np.digitize(was, (0.2, 0.5)), np.digitize(now, (0.2, 0.5))) for was, now in zip(WAS, NOW, strict=True)]
    assert changed == {one.scan for one, (was, now) in zip(CASES, tiers, strict=True) if was != now}


def test_dice_of_both_models_is_compared() -> None:
    draw = np.random.default_rng(11)
    dice = np.clip(np.c_[draw.normal(0.6, 0.1, 30), draw.normal(0.66, 0.1, 30)], 0, 1)

    def overlap(value: float) -> Overlap:
        names = (
            "surface_dice_2mm",
            "hd95_mm",
            "volume_ml",
            "reference_volume_ml",
            "lesions",
            "found",
            "predicted",
            "false",
        )
        return Overlap(dice=value, **dict.fromkeys(names))

    cases = [
        one.model_copy(update={"other_overlap": overlap(was), "overlap": overlap(now)})
        for one, (was, now) in zip(CASES, dice.tolist(), strict=False)
    ]
    found = comparison(cases)["dice"]
    assert found["n"] == 30 and found["p"] == pytest.approx(wilcoxon(dice[:, 1] - dice[:, 0]).pvalue, abs=1e-6)
    assert found["model"]["value"] == pytest.approx(dice[:, 1].mean(), abs=1e-6)
    assert comparison(CASES)["dice"] is None


def test_scans_that_only_one_screened_are_left_out() -> None:
    assert comparison([one.model_copy(update={"other": None}) for one in CASES]) == {"scans": 0}
    some = [one.model_copy(update={"other": None}) if k < 50 else one for k, one in enumerate(CASES)]
    assert comparison(some)["scans"] == 150


def test_the_report_shows_the_differences(tmp_path: Path) -> None:
    results = write_results(tmp_path, made_validation(CASES, compared=True))
    page = (tmp_path / "report.html").read_text()
    difference = results["comparison"]["calls"]["suspected"]["sensitivity"]["difference"]
    assert f"{100 * difference['value']:+.1f} points" in page
    assert "newer 1" in page and "McNemar" in page and "Verdicts that change" in page
    clustered = [one.model_copy(update={"patient": one.patient // 2}) for one in CASES]
    write_results(tmp_path, made_validation(clustered, compared=True))
    assert "all other figures are compared by resampling patients" in (tmp_path / "report.html").read_text()


def test_the_command_before_an_update(tmp_path: Path) -> None:
    """The shipped package and one that was recalibrated, on the same four heads."""
    validated = made_validation(made_cases(100, seed=12)).model_copy(update={"model": model_of(DEFAULT_MODEL, None)[1]})
    recalibrated_package(validated, Adjudications(), DEFAULT_MODEL, tmp_path / "our-site")
    blood = {"a": True, "b": True, "c": False, "d": False}
    heads = write_heads(tmp_path / "in", blood)
    table = write_table(tmp_path / "t.csv", [{"id": name, "ich": int(there)} for name, there in blood.items()])
    words = [
        sys.executable,
        "-m",
        "ichor",
        "validate",
        str(heads),
        "--truth",
        str(table),
        "--out",
        str(tmp_path / "out"),
        "--against",
        DEFAULT_MODEL,
    ]
    update = [*words, "--model", str(tmp_path / "our-site")]
    done = subprocess.run(update, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert (results["validated"]["model"]["name"], results["validated"]["other"]["name"]) == ("our-site", DEFAULT_MODEL)
    assert results["comparison"]["scans"] == 4
    for one in results["validated"]["cases"]:
        for name, folder in (("found", "scans"), ("other", "compared")):
            findings = json.loads((tmp_path / "out" / folder / one["scan"] / "findings.json").read_text())
            assert one[name]["probability"] == findings["hemorrhage"]["probability"]
        assert one["found"]["probability"] != one["other"]["probability"]
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert f"expected a different model to compare with, found {DEFAULT_MODEL} 0.1.0 again" in again.stderr
