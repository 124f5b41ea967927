"""The study of single slices: its figures, and the study as a process, resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.metrics import brier_score_loss, roc_auc_score

from ichor.dataset.ct_ich.folds import authors_fold
from paths import ROOT
from small_recipe import SMOKE
from studies.single_slices.figures import figures
from studies.single_slices.page import page
from studies.single_slices.predictions import CALIBRATIONS, OWN, SCANS, STYLES
from study import study
from synthetic_ct_ich import write_ct_ich


def rows(error: float) -> dict[str, dict[str, Any]]:
    """Eight subjects of five slices, with probabilities that are wrong by about `error`."""
    rng = np.random.default_rng(3)
    found = {}
    for k in range(8):
        positive = np.arange(5) < (2 if k % 2 else 0)
        probability = np.clip(positive + rng.normal(0, error, 5), 0.01, 0.99)
        found[f"{k:03}"] = {
            "positive": positive.tolist(),
            "slice_probability": probability.tolist(),
            "predicted": np.where(probability > 0.5, 20, 0).tolist(),
        }
    return found


def test_the_figures_are_those_of_scikit_learn() -> None:
    of = {SCANS: rows(0.6), OWN: rows(0.3)}
    found = figures({"picture-brain": of})["picture-brain"]
    for name in CALIBRATIONS:
        truth, probability, marked = (
            np.concatenate([row[key] for row in of[name].values()])
            for key in ("positive", "slice_probability", "predicted")
        )
        assert found[name]["auc"]["value"] == pytest.approx(roc_auc_score(truth, probability), abs=1e-6)
        assert found[name]["brier"]["value"] == pytest.approx(brier_score_loss(truth, probability), abs=1e-6)
        assert found[name]["sensitivity"]["value"] == pytest.approx((marked[truth] > 0).mean(), abs=1e-6)
        assert found[name]["specificity"]["value"] == pytest.approx((marked[~truth] == 0).mean(), abs=1e-6)
    less = found["brier_less"]
    assert less["value"] == pytest.approx(found[OWN]["brier"]["value"] - found[SCANS]["brier"]["value"], abs=1e-5)
    assert less["ci95"][0] <= less["value"] <= less["ci95"][1]


def test_the_committed_page_follows_from_its_figures() -> None:
    folder = ROOT / "results/single-slices"
    found = json.loads((folder / "single-slices.json").read_text())
    assert page(found) == (folder / "README.md").read_text()


@pytest.mark.long
def test_each_block_is_predicted_once_and_what_exists_is_kept(tmp_path: Path) -> None:
    blocks = [authors_fold(k).test for k in range(1, 6)]
    data = write_ct_ich(tmp_path / "data", {s: n for b in blocks for s, n in zip(b, (2, 0), strict=False)}, n_slices=3)
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(SMOKE))
    where = [tmp_path / "base.yaml", "--data", data, "--run", tmp_path / "run", "--out", tmp_path / "out"]
    assert study("recipe", *where).returncode == 0

    done = study("single_slices", *where)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out/single-slices.json").read_text())
    assert page(found) == (tmp_path / "out/README.md").read_text()
    assert list(found["styles"]) == [one.key for one in STYLES]
    for of in found["styles"].values():
        assert of["subjects"] == 10
        assert {of[name]["auc"]["n"] for name in CALIBRATIONS} == {30}
    assert str(tmp_path) not in json.dumps(found["styles"])

    lost = tmp_path / "run/base/single" / OWN / STYLES[0].key / f"{blocks[0][0]}.json"
    before = lost.read_text()
    lost.unlink()
    assert study("single_slices", *where).returncode == 0
    assert lost.read_text() == before
    assert json.loads((tmp_path / "out/single-slices.json").read_text())["styles"] == found["styles"]
