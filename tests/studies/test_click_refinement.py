"""The simulated reader, and the study as a process on a made dataset."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ichor.annotate.click_reach import DEFAULT
from ichor.dataset.ct_ich import CtIch
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction
from ichor.runs.predictions import write_predictions
from paths import ROOT
from studies.click_refinement.simulate import next_click
from study import study
from synthetic_ct_ich import write_ct_ich


def test_a_click_is_put_in_the_middle_of_the_largest_error() -> None:
    reference, mask = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    reference[5:16, 5:16] = True
    mask[22:35, 20:33] = True
    assert next_click(mask, reference) == ((26.5, 28.5), False)
    assert next_click(mask[:18], reference[:18]) == ((10.5, 10.5), True)
    assert next_click(mask, mask) is None


def test_the_tool_has_the_settings_that_were_best() -> None:
    found = json.loads((ROOT / "results" / "click-refinement" / "clicks.json").read_text(encoding="utf-8"))
    assert asdict(DEFAULT) == found["candidates"][found["starts"]["mask"]["best_of_all"]]


def test_clicks_improve_what_a_run_missed(tmp_path: Path) -> None:
    write_ct_ich(tmp_path / "ct-ich", {"051": 1, "052": 1}, n_slices=3)
    dataset = CtIch(tmp_path / "ct-ich")
    predictions = []
    for fold, subject in enumerate(("051", "052"), 1):
        mask = dataset.case(subject).mask.copy()
        mask[:, :, int(np.argwhere(mask)[:, 2].mean()) :] = False
        predictions.append(synthetic_prediction(subject, fold, mask))
    write_predictions(tmp_path, predictions, dataset)
    arguments = ("--data", tmp_path / "ct-ich", "--run", tmp_path, "--out", tmp_path / "out")
    study("click_refinement", *arguments).check_returncode()
    found = json.loads((tmp_path / "out" / "clicks.json").read_text())
    for start in found["starts"].values():
        dice = [start["after"][n]["scan_dice"]["value"] for n in ("0", "1", "3", "5")]
        assert dice[1] > dice[0] and dice[3] > 0.8
        assert start["after"]["0"]["scan_dice"]["n"] == 2
        assert set(start["chosen"]) == {"1", "2"}
    page = (tmp_path / "out" / "README.md").read_text()
    assert f"out-of-fold mask of `{tmp_path.name}`" in page and "not a medical device" in page


def synthetic_prediction(subject: str, fold: int, mask: np.ndarray) -> Prediction:
    n = len(mask)
    return Prediction(
        subject=subject,
        fold=fold,
        mask=mask,
        slice_probability=np.full(n, 0.5),
        scan_probability=0.5,
        threshold=0.5,
        areas=dict.fromkeys(TABLE_THRESHOLDS, np.zeros(n, np.int64)),
        subtype_probability=None,
    )


def test_a_run_without_masks_is_refused_in_one_line(tmp_path: Path) -> None:
    write_ct_ich(tmp_path / "ct-ich", {"051": 1}, n_slices=3)
    arguments = ("--data", tmp_path / "ct-ich", "--run", tmp_path / "none", "--out", tmp_path / "out")
    failed = study("click_refinement", *arguments)
    assert failed.returncode == 2 and failed.stderr.startswith("click_refinement: ") and failed.stderr.count("\n") == 1
