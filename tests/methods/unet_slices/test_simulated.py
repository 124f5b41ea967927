"""Simulated copies in training: alike for a subject, used in epochs, and absent where they are not asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from ichor.experiments.config import load_config
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.settings import UNetSlicesSettings
from ichor.methods.unet_slices.simulated import simulated_slices
from ichor.train.crops import choose_centres
from ichor.train.samples import Batch, Copies, SliceSamples
from paths import ROOT
from simulate_heads import head_case
from small_recipe import SMOKE

SIZE = 32
CONFIGS = sorted((ROOT / "src/ichor/experiments/configs").glob("**/*.yaml"))


def samples(copies: Copies | None = None) -> SliceSamples:
    """Twelve slices, every third with hemorrhage."""
    rng = np.random.default_rng(0)
    hu = rng.normal(30, 5, (12, SIZE, SIZE)).astype(np.int16)
    mask, labels = np.zeros(hu.shape, bool), np.zeros((12, 5), bool)
    labels[::3, 1] = True
    mask[::3, 4:9, 5:9] = True
    return SliceSamples(hu, np.tile(np.arange(12)[:, None], 3), mask, labels, 1.5, copies=copies)


def test_epochs_without_copies_are_those_of_before() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        positive, others = np.arange(0, 12, 3), np.setdiff1d(np.arange(12), np.arange(0, 12, 3))
        expected = rng.permutation(np.concatenate([positive, rng.choice(others, 6, replace=False)]))
        assert np.array_equal(samples().epoch(np.random.default_rng(seed)), expected)
    assert samples().batch(np.array([0, 1]), torch.device("cpu")).focus is None


def test_a_share_of_an_epoch_is_of_copies_of_the_same_class() -> None:
    copied = np.arange(12) >= 6  # slices 6 and 9 with hemorrhage, 7, 8, 10 and 11 without
    for share, expected in ((0.0, 0.0), (1.0, 1.0), (0.5, 0.5)):
        found = samples(Copies(copied, share, np.full((12, 2), -1)))
        epochs = np.concatenate([found.epoch(np.random.default_rng(seed)) for seed in range(60)])
        assert copied[epochs].mean() == pytest.approx(expected, abs=0.1)
        assert np.mean(epochs % 3 == 0) == pytest.approx(2 / 5)


def test_crops_look_at_mimics_on_slices_without_hemorrhage() -> None:
    focus = np.full((12, 2), -1)
    focus[7] = (24, 6)
    found = samples(Copies(np.arange(12) >= 6, 1.0, focus)).batch(np.array([7, 8]), torch.device("cpu"))
    assert found.focus is not None and found.focus.tolist() == [[24, 6], [-1, -1]]
    batch = Batch(
        found.hu.repeat(40, 1, 1, 1),
        found.mask.repeat(40, 1, 1, 1),
        found.positive,
        focus=np.tile(found.focus, (40, 1)),
    )
    centres = choose_centres(batch, 16, np.random.default_rng(0)) * SIZE + (SIZE - 1) / 2
    near = np.hypot(*(np.clip(centres[::2], 7.5, 23.5) - (23.5, 7.5)).T) < 8
    assert near.mean() > 0.75
    nowhere = Batch(batch.hu, batch.mask, batch.positive, focus=np.full((len(batch.hu), 2), -1))
    without = Batch(batch.hu, batch.mask, batch.positive)
    same = [choose_centres(one, 16, np.random.default_rng(0)) for one in (nowhere, without)]
    assert np.array_equal(*same)


def settings(**simulation: float) -> UNetSlicesSettings:
    return UNetSlicesSettings(pixel_mm=1.5, size=144, simulation=simulation)


def test_copies_of_a_subject_depend_on_it_and_on_the_seed_only() -> None:
    case = head_case()
    of = settings(copies=2, mimics=1.0, dose=1.0)
    hu, mask = np.asarray(case.scan.hu, np.float32)[:, :, :], case.mask
    first, again = (simulated_slices(of, case, hu, mask) for _ in range(2))
    assert len(first) == 2
    assert all(np.array_equal(a.hu, b.hu) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].hu, first[1].hu)
    other = simulated_slices(of, head_case("052"), hu, mask)
    assert not np.array_equal(first[0].hu, other[0].hu)
    assert (first[0].focus >= 0).all(axis=1).any()
    assert not first[0].labels.any()


def test_a_picture_is_shown_without_the_slices_beside_it() -> None:
    case = head_case()
    hu = np.asarray(case.scan.hu, np.float32)
    alone = simulated_slices(settings(copies=1, pictures=1.0), case, hu, case.mask)[0]
    assert np.array_equal(alone.neighbours, np.tile(np.arange(28)[:, None], 3))
    beside = simulated_slices(settings(copies=1, dose=1.0), case, hu, case.mask)[0]
    assert beside.neighbours[5].tolist() == [4, 5, 6]


@pytest.mark.long
def test_a_network_is_trained_on_copies_and_differs_from_one_without(tmp_path: Path) -> None:
    case = head_case()
    mask, labels = case.mask.copy(), case.labels.copy()
    mask[12:15, 60:70, 90:99], labels[12:15, 1] = True, True
    cases = [replace(case, delineation=mask, subtypes=labels), head_case("052")]
    copies = {"copies": 2, "share": 0.5, "mimics": 0.5, "thin_blood": 1.0, "rim": 0.5, "thin": 0.3, "pictures": 0.3}
    found = []
    for name, simulation in (("without", {}), ("with", copies), ("again", copies)):
        method = UNetSlices(**{**SMOKE["settings"], "paste": 0.5, "simulation": simulation})
        method.fit_uncalibrated(cases, tmp_path / name)
        assert method.forward is not None
        found.append(method.predict(cases[0].scan).slice_probability)
    assert np.array_equal(found[1], found[2])
    assert not np.array_equal(found[0], found[1])


def test_settings_without_simulation_are_written_as_before() -> None:
    assert "simulation" not in UNetSlices().settings.model_dump(mode="json")
    assert "simulation" not in UNetSlices().settings.model_dump_json()
    assert UNetSlices(simulation={"copies": 1}).settings.model_dump()["simulation"]["copies"] == 1


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_configs_that_do_not_name_simulation_have_none(file: Path) -> None:
    named = "simulation" in (yaml.safe_load(file.read_text()).get("settings") or {})
    assert ("simulation" in load_config(str(file)).settings) == named
