from __future__ import annotations

import numpy as np
import torch

from ichor.methods.field import tile_corners
from ichor.train.samples import SliceSamples, TileSamples
from ichor.windows import BRAIN

CPU = torch.device("cpu")


def test_an_epoch_holds_every_positive_slice_and_its_share_of_negatives() -> None:
    n = 40
    positive = np.zeros(n, bool)
    positive[[3, 8, 30, 31]] = True
    hu = np.arange(n, dtype=np.int16)[:, None, None] * np.ones((1, 4, 4), np.int16)
    own = np.arange(n)
    around = np.stack([np.maximum(own - 1, 0), own, np.minimum(own + 1, n - 1)], axis=1)
    samples = SliceSamples(hu, around, np.zeros(hu.shape, bool), positive[:, None], negatives=2.0)
    first, second = samples.epoch(np.random.default_rng(0)), samples.epoch(np.random.default_rng(1))
    for epoch in (first, second):
        assert len(epoch) == len(set(epoch.tolist())) == 12
        assert set(np.flatnonzero(positive)) <= set(epoch.tolist())
    assert set(first) != set(second)
    batch = samples.batch(np.array([8, 0]), CPU)
    assert batch.hu[:, :, 0, 0].tolist() == [[7, 8, 9], [0, 0, 1]]
    assert batch.positive.tolist() == [1, 0]
    assert batch.mask.shape == (2, 1, 4, 4)


def test_tiles_are_chosen_as_in_the_released_code() -> None:
    """Every tile with hemorrhage, and all 49 of one slice without for each subject."""
    mask = np.zeros((6, 640, 640), bool)
    mask[1, 200:210, 200:210] = True
    gray = np.zeros(mask.shape, np.uint8)
    gray[mask] = 200
    corners = tile_corners(640, 160, 80)
    subject = np.array([0, 0, 0, 1, 1, 1])
    samples = TileSamples(gray, mask, subject, corners, tile=160, rng=np.random.default_rng(0))
    with_blood = sum(mask[1, r : r + 160, c : c + 160].any() for r, c in corners)
    assert with_blood == 4
    assert len(samples) == with_blood + 2 * 49
    batch = samples.batch(np.arange(len(samples)), CPU)
    assert batch.hu.shape == (len(samples), 1, 160, 160)
    assert int(batch.positive.sum()) == with_blood
    assert torch.equal(batch.hu[batch.mask > 0].unique(), torch.tensor([float(BRAIN.hu(200))]))
    assert sorted(samples.epoch(np.random.default_rng(0)).tolist()) == list(range(len(samples)))


def test_tiles_without_hemorrhage_can_be_excluded() -> None:
    """The paper's whole-slice experiment trains on slices with hemorrhage only (section 6)."""
    mask = np.zeros((3, 640, 640), bool)
    mask[1, 200:210, 200:210] = True
    samples = TileSamples(
        np.zeros(mask.shape, np.uint8),
        mask,
        np.zeros(3, np.int64),
        tile_corners(640, 640, 640),
        tile=640,
        rng=np.random.default_rng(0),
        negative_slices=0,
    )
    assert len(samples) == 1
    assert samples.batch(np.array([0]), CPU).positive.tolist() == [1]
