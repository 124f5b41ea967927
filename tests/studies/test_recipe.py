"""Variants of the recipe, ranked inside the training folds: no test block takes part, and a better variant wins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.experiments.config import load_config
from paths import ROOT
from small_recipe import SMOKE
from studies.recipe.inner import CALIBRATED, RING, SHOWN, Variant, inner_blocks, rows_of
from studies.recipe.page import page
from studies.recipe.rank import ranking, score
from studies.robustness.conditions import CONDITIONS
from study import study
from synthetic_ct_ich import write_ct_ich

CONFIGS = sorted((ROOT / "src/ichor/experiments/configs/recipe").glob("*.yaml"))


@pytest.mark.parametrize("outer", range(1, 6))
def test_an_outer_fold_is_ranked_without_its_test_block(outer: int) -> None:
    used = list(inner_blocks(outer))
    assert len(used) == 2
    for pair, inner in used:
        assert outer in pair and inner in pair and inner != outer  # the network saw neither
    assert {inner for _, inner in used} == {(outer - 2) % 5 + 1, outer % 5 + 1}


def test_the_ring_has_each_block_twice() -> None:
    assert sorted(k for pair in RING for k in pair) == sorted([1, 2, 3, 4, 5] * 2)


def rows(good: float, seed: int = 0) -> dict[str, dict[str, dict[str, Any]]]:
    """Ten subjects of six slices; the probability of hemorrhage differs by `good` standard deviations."""
    rng = np.random.default_rng(seed)
    found = {}
    for k in range(10):
        positive = np.arange(6) < (3 if k % 2 else 0)
        probability = 1 / (1 + np.exp(-(rng.normal(0, 1, 6) + good * positive)))
        reference = 100 * positive
        both = np.round(reference * min(1.0, good / 4)).astype(int)
        one = {
            "both": both.tolist(),
            "predicted": (both + 10).tolist(),
            "reference": reference.tolist(),
            "positive": positive.tolist(),
            "slice_probability": probability.tolist(),
            "scan_probability": float(probability.max()),
            "volume_ml": 1.0,
            "noise_hu": 4.0,
        }
        found[f"{k + 51:03}"] = dict.fromkeys((*SHOWN, CALIBRATED), one)
    return found


def test_a_better_variant_is_ranked_first_for_each_fold_that_it_is_better_for() -> None:
    of = {
        "base": {outer: rows(1.5, outer) for outer in range(1, 6)},
        "better": {outer: rows(3.0 if outer != 2 else 0.2, outer) for outer in range(1, 6)},
    }
    found = ranking(of)
    assert found["chosen"] == {"1": "better", "2": "base", "3": "better", "4": "better", "5": "better"}
    assert found["mean"]["better"] > found["mean"]["base"]
    less = found["less_baseline"]["better"]
    assert less["1"]["dice"]["value"] > 0 > less["2"]["dice"]["value"]
    low, high = less["1"]["dice"]["ci95"]
    assert low <= less["1"]["dice"]["value"] <= high


def test_the_score_is_the_mean_of_its_four_figures() -> None:
    found = score(rows(2.0))
    parts = [found[name] for name in ("dice", "slice_auc", "scan_auc", "specificity_at_97")]
    assert found["score"] == pytest.approx(np.mean(parts))
    overlap = 2 * 50 / (60 + 100)
    assert found["dice"] == pytest.approx(overlap)
    assert score(rows(3.0))["score"] > found["score"] > score(rows(0.5))["score"]


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_variants_differ_from_the_shipped_recipe_only_in_the_settings_that_they_name(file: Path) -> None:
    config, shipped = load_config(f"recipe/{file.stem}"), load_config("ichor-1")
    assert config.cross_fitted
    assert config.name == f"recipe-{file.stem}"
    own = {name for name, value in config.settings.items() if value != shipped.settings.get(name)}
    assert own <= {"training", "simulation", "widths", "candidates", "single_slices", "slice_scores", "corrected"}
    training = {
        name for name, value in config.settings["training"].items() if value != shipped.settings["training"].get(name)
    }
    assert training <= {"epochs", "validate_every", "soft_edge_px"}


def test_the_conditions_for_variants_exist() -> None:
    assert set(SHOWN) <= {c.key for c in CONDITIONS}


@pytest.mark.long
def test_variants_are_trained_predicted_ranked_and_resumed(tmp_path: Path) -> None:
    blocks = [authors_fold(k).test for k in range(1, 6)]
    data = write_ct_ich(tmp_path / "data", {s: n for b in blocks for s, n in zip(b, (2, 0), strict=False)}, n_slices=3)
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(SMOKE))
    settings = {**SMOKE["settings"], "single_slices": True}
    (tmp_path / "single.yaml").write_text(yaml.safe_dump({**SMOKE, "name": "single", "settings": settings}))
    base, single = str(tmp_path / "base.yaml"), f"{tmp_path / 'single.yaml'}={tmp_path / 'base.yaml'}"
    where = ["--data", data, "--run", tmp_path / "run", "--out", tmp_path / "out"]

    done = study("recipe", base, single, *where, "--cost")
    assert done.returncode == 0, done.stderr
    assert "total: " in done.stderr and "core-hours" in done.stderr
    assert not (tmp_path / "run").exists()
    assert "has not been run yet" in (tmp_path / "out/README.md").read_text()

    done = study("recipe", base, single, *where)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out/recipe.json").read_text())
    assert page(found) == (tmp_path / "out/README.md").read_text()
    assert set(found["ranking"]["chosen"]) == {"1", "2", "3", "4", "5"}
    networks = sorted(f.name for f in (tmp_path / "run/base/networks").iterdir() if f.is_dir())
    assert networks == ["1-2", "1-5", "2-3", "3-4", "4-5"]
    assert not (tmp_path / "run/single/networks").exists()
    dataset = CtIch(data)
    for outer in range(1, 6):
        subjects = set(rows_of(Variant.of(base), dataset, tmp_path / "run", outer))
        assert subjects and not subjects & set(authors_fold(outer).test)

    weights = tmp_path / "run/base/networks/1-2/weights.pt"
    made = weights.stat().st_mtime_ns
    lost = next((tmp_path / "run/base/inner/1-2").iterdir())
    lost.unlink()
    done = study("recipe", base, single, *where)
    assert done.returncode == 0, done.stderr
    assert weights.stat().st_mtime_ns == made
    assert lost.exists()
    assert json.loads((tmp_path / "out/recipe.json").read_text())["ranking"] == found["ranking"]
