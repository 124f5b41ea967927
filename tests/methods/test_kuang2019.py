from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.experiments.config import ExperimentConfig
from ichor.experiments.run import cross_validate
from ichor.methods.kuang2019.contour import evolve
from ichor.methods.kuang2019.method import Kuang2019
from ichor.methods.seeds import drawn, seeds_of
from ichor.pages.runs import read_run
from ichor.runs.predictions import read_predictions
from synthetic_ct_ich import write_ct_ich


def disc(radius: float, side: int = 64) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side]
    return np.hypot(rows - side / 2, columns - side / 2) < radius


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def probability(mask: np.ndarray, high: float = 0.8, low: float = 0.1) -> np.ndarray:
    return np.where(mask, high, low).astype(np.float32)


def test_a_region_that_is_sure_of_itself_stays() -> None:
    hu, mask = np.full((64, 64), 30, np.float32), disc(15)
    found = evolve(hu, probability(mask, 0.99, 0.01), length=0.5, intensity=0, iterations=200)
    assert dice(found >= 0.5, mask) > 0.99


def test_single_pixels_cost_more_contour_than_they_are_worth() -> None:
    hu, mask = np.full((64, 64), 30, np.float32), disc(15)
    rng = np.random.default_rng(0)
    noisy = probability(mask ^ (rng.random(mask.shape) < 0.08))
    assert dice(noisy >= 0.5, mask) < 0.85
    found = evolve(hu, noisy, length=2.0, intensity=0, iterations=300)
    assert dice(found >= 0.5, mask) > 0.97


def test_the_contour_moves_to_the_edge_in_density() -> None:
    mask = disc(15)
    hu = np.where(mask, 70, 30).astype(np.float32) + np.random.default_rng(0).normal(0, 3, mask.shape)
    blurred = np.where(disc(11), 0.9, np.where(disc(20), 0.3, 0.001)).astype(np.float32)
    plain = evolve(hu.astype(np.float32), blurred, length=0.5, intensity=0, iterations=200)
    moved = evolve(hu.astype(np.float32), blurred, length=0.5, intensity=1.0, iterations=200)
    assert dice(plain >= 0.5, mask) < 0.8
    assert dice(moved >= 0.5, mask) > 0.95


def test_slices_that_the_network_rules_out_stay_empty_and_keep_their_probability() -> None:
    method = Kuang2019(width=0.125, size=64, iterations=50)
    of = np.stack([probability(disc(10)), np.full((64, 64), 0.04, np.float32)])
    found = method.refine(np.full((2, 64, 64), 30, np.float32), {"probability": of})
    assert found["slice_probability"] == pytest.approx([0.8, 0.04])
    assert (found["probability"][0] >= 0.5).sum() > 200
    assert found["probability"][1].max() == 0
    plain = Kuang2019(evolution=False).refine(np.zeros((2, 64, 64), np.float32), {"probability": of})
    assert plain["probability"] is of


def test_a_seed_is_enough_where_the_network_sees_nothing() -> None:
    mask, seed = disc(9), disc(3)
    hu = (np.where(mask, 70, 30) + np.random.default_rng(0).normal(0, 3, mask.shape)).astype(np.float32)
    unseen = np.full(mask.shape, 0.02, np.float32)
    assert evolve(hu, unseen, length=1.0, intensity=0.5, iterations=200).max() < 0.5
    found = evolve(hu, unseen, length=1.0, intensity=0.5, iterations=200, seeds=seed)
    assert dice(found >= 0.5, mask) > 0.9


def test_seeds_are_the_innermost_pixels_of_each_region() -> None:
    mask = np.zeros((3, 40, 40), bool)
    mask[1, 5:12, 5:16] = mask[1, 20:25, 20:25] = mask[2, 30, 30] = True
    seeds = seeds_of(mask)
    assert seeds[1:].tolist() == [[1, 22, 22], [2, 30, 30]]
    assert seeds[0, :2].tolist() == [1, 8] and 8 <= seeds[0, 2] <= 12
    assert seeds_of(np.zeros((2, 4, 4), bool)).shape == (0, 3)
    assert drawn(seeds, mask.shape, 2)[1].sum() == 26


@pytest.mark.long
def test_the_semi_automatic_system_is_given_seeds_in_cross_validation(tmp_path: Path) -> None:
    subjects = {s: n for k in range(1, 6) for s, n in zip(authors_fold(k).test, (2, 0), strict=False)}
    dataset = CtIch(write_ct_ich(tmp_path / "data", subjects, n_slices=3))
    small = {"width": 0.06, "pixel_mm": 1.2, "size": 160, "seeded": True, "training": {"epochs": 1, "batch": 4}}
    config = ExperimentConfig(name="semi", method="kuang2019", settings=Kuang2019(**small).settings.model_dump())
    metrics = cross_validate(config, dataset, tmp_path / "run", [1], command_of=lambda _: "ichor crossval semi.yaml")
    assert metrics["made_by"]["seeded"]
    assert "It was told where hemorrhage is" in (tmp_path / "run" / "README.md").read_text()
    assert read_run(tmp_path / "run").marks == "given seeds, fold 1 of 5"
    found = read_predictions(tmp_path / "run", dataset)
    for subject in authors_fold(1, dataset.subjects).test:
        mask, case = found[subject].outline(), dataset.case(subject)
        assert mask.any(axis=(1, 2)).tolist() == case.positive.tolist()
        if case.mask.any():
            assert dice(mask, case.mask) > 0.6
