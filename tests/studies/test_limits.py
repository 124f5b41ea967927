"""The study of what limits the Dice, as a process on a synthetic dataset and result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.runs.predictions import write_predictions
from study import study
from synthetic_ct_ich import write_ct_ich
from synthetic_results import synthetic_prediction


def run(folder: Path) -> CompletedProcess[str]:
    return study("limits", folder / "made", "--data", folder / "ct-ich", "--out", folder / "limits")


def test_missed_slices_and_false_regions_are_distinguished(tmp_path: Path) -> None:
    dataset = CtIch(
        write_ct_ich(
            tmp_path / "ct-ich", {"051": 2, "052": 1, "070": 1, "053": 0}, n_slices=3, excluded={"070": "made"}
        )
    )
    predictions = []
    for case in dataset.cases(dataset.subjects):
        mask = case.mask.copy()
        if case.subject == "051":
            mask[1] = False  # missed, and something else marked
            mask[1, 300:310, 100:110] = True
            mask[2, 300:320, 100:120] = True  # found, and something else marked
        made = synthetic_prediction(case, 1.0, 0)
        area = mask.sum(axis=(1, 2))
        predictions.append(replace(made, mask=mask, areas=dict.fromkeys(made.areas, area)))
    (tmp_path / "made").mkdir()
    write_predictions(tmp_path / "made", predictions, dataset)
    (tmp_path / "label-ceiling").mkdir()
    ceiling = {"readers": {f"edge displaced, SD {sd} mm": {"dice": {"value": 0.9 - 0.137 * sd}} for sd in (1, 2)}}
    (tmp_path / "label-ceiling/ceiling.json").write_text(json.dumps(ceiling))
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "limits/slices.json").read_text())
    assert [one["subject"] for one in rows] == ["051", "051", "052"]  # 070 is left out, 053 has none
    size = dataset.case("051").mask[2].sum()
    assert [one["dice"] for one in rows] == pytest.approx([0, 2 * size / (2 * size + 400), 1])
    assert [one["dice_without_false"] for one in rows] == [0, 1, 1]
    assert rows[1]["area_mm2"] == pytest.approx(size * 0.33**2)
    assert rows[0]["contrast_hu"] > 20
    page = " ".join((tmp_path / "limits/README.md").read_text().split())
    first = np.mean([0, rows[1]["dice"]])
    for text in (
        "3 slices with delineated hemorrhage of 2 subjects",
        f"| as it is | {np.mean([first, 1]):.3f} |",
        "without the false-positive regions on these slices | 0.750 |",
        "and without the missed slices | 1.000 |",
        "has a Dice of 0.763 with its edge displaced by 1 mm (SD), and 0.626 by 2 mm",
        "not a medical device",
    ):
        assert text in page, page


def test_a_folder_without_a_result_is_reported_in_one_line(tmp_path: Path) -> None:
    write_ct_ich(tmp_path / "ct-ich", {"051": 1}, n_slices=1)
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("limits: ") and done.stderr.count("\n") == 1
