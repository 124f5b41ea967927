"""The study of detection limits, as a process on a synthetic dataset and run, compared with scikit-learn."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from ichor.dataset.ct_ich import CtIch
from ichor.evaluate.prediction import Prediction
from ichor.experiments.fold import kept_file
from ichor.methods.unet_slices.settings import Parameters
from ichor.runs.files import write_metrics
from ichor.runs.kept import write_kept
from ichor.runs.predictions import write_predictions
from ichor.segmentation import RawOutput, VoxelMap
from study import study
from synthetic_ct_ich import write_ct_ich_nifti
from synthetic_results import synthetic_prediction
from untrained_package import untrained_method

SUBJECTS = {"051": 2, "052": 1, "053": 0, "054": 0, "070": 1}
# The highest probability inside the hemorrhage, and in a square outside of it on every slice.
PEAKS = {"051": (0.8, 0.03), "052": (0.015, 0.0), "053": (0, 0.15), "054": (0, 0.0), "070": (0.0, 0.0)}


def detection_limits(folder: Path) -> CompletedProcess[str]:
    return study("detection_limits", folder / "run", "--data", folder / "ct-ich", "--out", folder / "out")


def write_run(folder: Path, subjects: dict[str, int]) -> list[Prediction]:
    """Write a run in which fold 1 has all test subjects."""
    excluded = {"070": "made"} if "070" in subjects else None
    dataset = CtIch(write_ct_ich_nifti(folder / "ct-ich", subjects, n_slices=4, excluded=excluded))
    predictions = []
    for seed, case in enumerate(dataset.cases(dataset.subjects)):
        hemorrhage, outside = PEAKS[case.subject]
        probability = np.where(case.mask, hemorrhage, 0).astype(np.float32)
        probability[:, :10, :10] = outside
        mask = probability >= 0.1  # as `balanced` says
        made = synthetic_prediction(case, 1.0, seed)
        area = mask.sum(axis=(1, 2))
        one = replace(made, mask=mask, areas=dict.fromkeys(made.areas, area))
        write_kept(kept_file(folder / "run", 1, case.subject), one, RawOutput({"probability": VoxelMap(probability)}))
        predictions.append(one)
    method = untrained_method()
    points = {"triage": 0.01, "balanced": 0.1, "specific": 0.2}
    method.parameters = Parameters(threshold=0.1, head_mm=180, operating_point="balanced", operating_points=points)
    method.save(folder / "run/fold-1/model")
    write_predictions(folder / "run", predictions, dataset)
    parameters = {"1": {"operating_point": "balanced"}}
    write_metrics(folder / "run", {"experiment": "made", "made_by": {"parameters": parameters}})
    return predictions


@pytest.mark.long
def test_influential_subjects_and_the_cost_of_missing_fewer(tmp_path: Path) -> None:
    predictions = write_run(tmp_path, SUBJECTS)
    done = detection_limits(tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out/README.md").read_text()
    text = " ".join(page.split())
    assert "5 subjects, 3 of them with hemorrhage; 20 slices, 4 of them with hemorrhage" in text
    assert "not a medical device" in page

    dataset = CtIch(tmp_path / "ct-ich")
    truth = {one.subject: dataset.truth(one.subject).positive for one in predictions}

    def figures(*without: str) -> tuple[float, float, float]:
        left = [one for one in predictions if one.subject not in without]
        positive = np.concatenate([truth[one.subject] for one in left])
        scores = np.concatenate([np.round(one.slice_probability, 6) for one in left])
        false, true, _ = roc_curve(positive, scores, drop_intermediate=False)
        scans = roc_auc_score([truth[one.subject].any() for one in left], [one.scan_probability for one in left])
        return roc_auc_score(positive, scores), 1 - false[np.argmax(true >= 0.97)], scans

    telling: list[str] = []
    for k in range(3):
        raised = {s: figures(s)[k] for s in SUBJECTS if figures(s)[k] > figures()[k] + 1e-9}
        telling += sorted(raised, key=lambda s: -raised[s])[:2]
    telling = list(dict.fromkeys(telling))
    assert 1 < len(telling) < len(SUBJECTS)
    for who, without in {"no subject": [], **{s: [s] for s in telling}, "all of these": telling}.items():
        slices, specificity, scans = figures(*without)
        assert f"| {who} | {slices:.3f} | {100 * specificity:.1f} % | {scans:.3f} |" in page
    assert [line.split(" ")[1] for line in page.splitlines() if re.match(r"\| \d{3} \| [01]\.", line)] == telling
    lowest = min((p, one.subject) for one in predictions for p in one.slice_probability[truth[one.subject]])[1]
    assert f"by the 1 slices with hemorrhage that are ranked lowest, of subjects {lowest} (1)." in text

    kept = json.loads((tmp_path / "out/detection.json").read_text())
    assert [one["subject"] for one in kept["missed"]] == ["052", "070"]
    assert [one["slices"] for one in kept["missed"]] == [1, 1]
    size = dataset.truth("052").mask.sum()
    assert kept["missed"][0]["area_mm2"] == pytest.approx(size * 0.33**2)
    assert kept["missed"][0]["contrast_hu"] > 20
    points = {one["name"]: one for one in kept["operating_points"]}
    both = ["052", "070"]
    assert [points[name]["missed"] for name in ("triage", "balanced", "specific")] == [["070"], both, both]
    assert points["specific"]["unmarked"] == 1 and points["balanced"]["unmarked"] == 0.5
    assert (points["triage"]["sensitivity"], points["balanced"]["sensitivity"]) == (3 / 4, 2 / 4)
    assert points["triage"]["specificity"] == pytest.approx(1 - 6 / 16)
    # The operating point in use has exactly the run's masks; the others come from raw output rounded to 0.1 logits.
    assert points["balanced"]["specificity"] == pytest.approx(1 - 4 / 16)
    at = {one["threshold"]: one for one in kept["thresholds"]}
    assert (at[0.5]["dice"], at[0.5]["missed"], at[0.5]["specificity"]) == (0.5, ["052", "070"], 1)
    assert at[0.1]["specificity"] == pytest.approx(1 - 4 / 16) and at[0.1]["missed"] == ["052", "070"]
    assert at[0.02]["specificity"] == pytest.approx(1 - 6 / 16)
    assert at[0.01]["missed"] == ["070"] and at[0.01]["dice"] > at[0.5]["dice"]
    ml = 4 * 100 * 1.65**2 * 5 / 1000  # of 053, the only one of two that has any
    assert (at[0.1]["false_ml_median"], at[0.1]["false_ml_p95"]) == pytest.approx((ml / 2, 0.95 * ml), abs=0.001)


@pytest.mark.parametrize("subjects", [{"051": 2, "053": 0}, {"051": 2, "052": 1, "053": 0}])
@pytest.mark.long
def test_too_few_scans_with_or_without_hemorrhage_are_reported_in_one_line(
    tmp_path: Path, subjects: dict[str, int]
) -> None:
    write_run(tmp_path, subjects)
    done = detection_limits(tmp_path)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("detection_limits: ") and "at least two scans with and two without hemorrhage" in last
    assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()


def test_a_run_without_raw_outputs_is_reported_in_one_line(tmp_path: Path) -> None:
    write_run(tmp_path, SUBJECTS)
    kept_file(tmp_path / "run", 1, "053").unlink()
    done = detection_limits(tmp_path)
    assert done.returncode == 2
    assert "053.npz: expected a subject's prediction, found No such file" in done.stderr
    assert "Traceback" not in done.stderr
