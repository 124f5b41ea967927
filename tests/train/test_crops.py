from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ichor.train.augmentation import Augmentation, draw
from ichor.train.crops import choose_centres, labels_within
from ichor.train.samples import Batch
from ichor.train.settings import AugmentationSettings

SIZE, SIDE = 64, 32
UNCHANGED = AugmentationSettings(rotation_deg=0, shift=0, shear_deg=0, zoom=0)


def _batch(n: int = 40) -> Batch:
    """A head of 30 HU in air; the first half of the slices has a lesion of 70 HU in its lower right."""
    hu, mask = torch.full((n, 3, SIZE, SIZE), -1000.0), torch.zeros(n, 1, SIZE, SIZE)
    hu[:, :, 10:54, 10:54] = 30
    mask[: n // 2, :, 40:46, 44:50] = 1
    hu = torch.where(mask > 0, 70.0, hu)
    return Batch(hu, mask, mask.amax(dim=(1, 2, 3)), mask.amax(dim=(1, 2, 3))[:, None].repeat(1, 5))


def _cut(batch: Batch, changes: Augmentation, centres: np.ndarray) -> Batch:
    hu, mask = changes.onto(centres, SIDE, SIZE).apply(batch.hu, batch.mask)
    return replace(batch, hu=hu, mask=mask)


def test_squares_are_in_the_image_and_most_on_hemorrhage() -> None:
    batch = _batch()
    centres = choose_centres(batch, SIDE, np.random.default_rng(0))
    assert np.abs(centres).max() <= (SIZE - SIDE) / 2 / SIZE
    of_squares = labels_within(_cut(batch, draw(UNCHANGED, 40, np.random.default_rng(1)), centres))
    assert of_squares.positive[:20].mean() >= 0.7
    assert not of_squares.positive[20:].any()


def test_a_square_is_that_part_of_the_image() -> None:
    batch = _batch(2)
    centres = np.array([[8, 10], [-4, 2]]) / SIZE
    cut = _cut(batch, draw(UNCHANGED, 2, np.random.default_rng(0)), centres)
    for i, (row, column) in enumerate([(24, 26), (12, 18)]):
        whole = batch.hu[i, :, row : row + SIDE, column : column + SIDE]
        assert torch.allclose(cut.hu[i], whole, atol=1e-2)
        assert torch.equal(cut.mask[i], batch.mask[i, :, row : row + SIDE, column : column + SIDE])


def test_image_and_mask_are_turned_together_about_the_squares_center() -> None:
    batch = _batch(6)
    changes = draw(AugmentationSettings(rotation_deg=90, zoom=0.2), 6, np.random.default_rng(2))
    cut = _cut(batch, changes, np.tile([[11 / SIZE, 15 / SIZE]], (6, 1)))
    assert cut.mask[:3, 0, 12:20, 12:20].mean() > 0.3  # a lesion of 6 pixels a side in the middle of 8
    agree = (cut.hu[:, 1] > 50) == (cut.mask[:, 0] > 0)
    assert agree.float().mean() > 0.99


def test_a_square_without_hemorrhage_has_no_label_of_its_slice() -> None:
    batch = _batch(4)
    away = labels_within(_cut(batch, draw(UNCHANGED, 4, np.random.default_rng(0)), np.full((4, 2), -16 / SIZE)))
    assert not away.positive.any()
    assert away.subtypes is not None
    assert not away.subtypes.any()


def test_a_slice_of_air_gives_its_middle() -> None:
    air = Batch(torch.full((1, 3, SIZE, SIZE), -1000.0), torch.zeros(1, 1, SIZE, SIZE), torch.zeros(1))
    assert (choose_centres(air, SIDE, np.random.default_rng(0)) == 0).all()
    assert labels_within(air).subtypes is None
