from __future__ import annotations

import numpy as np
import torch

from ichor.train.pasting import Pasting
from ichor.train.samples import SliceSamples

BRAIN_HU, BLOOD_HU, BONE_HU, AIR_HU = 30, 65, 900, -1000


def _head(rows: slice, columns: slice) -> np.ndarray:
    """A square head: bone two pixels wide around brain."""
    hu = np.full((64, 64), AIR_HU, np.int16)
    hu[rows, columns] = BONE_HU
    hu[rows.start + 2 : rows.stop - 2, columns.start + 2 : columns.stop - 2] = BRAIN_HU
    return hu


def _slices() -> tuple[np.ndarray, np.ndarray]:
    """A source with a lesion at the image's left, and a target whose head is shifted."""
    hu = np.stack([_head(slice(10, 50), slice(8, 48)), _head(slice(14, 54), slice(16, 56))])
    mask = np.zeros(hu.shape, bool)
    mask[0, 20:30, 12:20] = True
    hu[0][mask[0]] = BLOOD_HU
    return hu, mask


def test_a_pasted_lesion_keeps_its_position_in_the_head() -> None:
    hu, mask = _slices()
    made = Pasting(hu, np.array([[0, 0, 0], [1, 1, 1]]), mask).paste(1, 0, mirror=False)
    assert made is not None
    slices, lesion = made
    expected = np.zeros((64, 64), bool)
    expected[24:34, 20:28] = True
    assert np.array_equal(lesion.numpy(), expected)
    assert torch.allclose(slices[1][lesion].median(), torch.tensor(float(BLOOD_HU)))
    far = slice(40, 50)
    assert torch.equal(slices[1][far, far], torch.full((10, 10), float(BRAIN_HU)))


def test_a_mirrored_lesion_is_on_the_other_side() -> None:
    hu, mask = _slices()
    made = Pasting(hu, np.array([[0], [1]]), mask).paste(1, 0, mirror=True)
    assert made is not None
    columns = np.flatnonzero(made[1].any(dim=0).numpy())
    assert (columns[0], columns[-1]) == (71 - 27, 71 - 20)


def test_bone_takes_no_lesion() -> None:
    hu, mask = _slices()
    hu[1] = BONE_HU
    assert Pasting(hu, np.array([[0], [1]]), mask).paste(1, 0, mirror=False) is None


def test_a_batch_has_pasted_lesions_and_their_labels() -> None:
    hu, mask = _slices()
    labels = np.zeros((2, 5), bool)
    labels[0, 3] = True
    samples = SliceSamples(hu, np.array([[0, 0, 0], [1, 1, 1]]), mask, labels, negatives=1.0, paste=1.0)
    epoch = samples.epoch(np.random.default_rng(0))
    assert np.array_equal(epoch, samples.epoch(np.random.default_rng(0)))
    batch = samples.batch(epoch, torch.device("cpu"))
    assert batch.positive.tolist() == [1, 1]
    assert batch.subtypes is not None
    assert batch.subtypes[:, 3].tolist() == [1, 1]
    assert (batch.mask.sum(dim=(1, 2, 3)) == 80).all()
    plain = SliceSamples(hu, np.array([[0, 0, 0], [1, 1, 1]]), mask, labels, negatives=1.0)
    assert plain.batch(np.array([0, 1]), torch.device("cpu")).positive.tolist() == [1, 0]


def test_a_faint_lesion_has_its_mask_and_less_contrast() -> None:
    hu, mask = _slices()
    pasting = Pasting(hu, np.array([[0], [1]]), mask)
    whole, faint = pasting.paste(1, 0, mirror=False), pasting.paste(1, 0, mirror=False, opacity=0.4)
    assert whole is not None
    assert faint is not None
    assert torch.equal(whole[1], faint[1])
    assert torch.allclose(faint[0][0][faint[1]].median(), torch.tensor(BRAIN_HU + 0.4 * (BLOOD_HU - BRAIN_HU)))


def test_every_opacity_is_drawn_and_none_is_more_than_the_lesions() -> None:
    hu, mask = _slices()
    labels = np.zeros((2, 5), bool)
    labels[0, 3] = True
    samples = SliceSamples(hu, np.array([[0], [1]]), mask, labels, negatives=1.0, paste=1.0, faint=True)
    medians = set()
    for seed in range(30):
        batch = samples.batch(samples.epoch(np.random.default_rng(seed)), torch.device("cpu"))
        medians |= {float(one[0][lesion[0] > 0].median()) for one, lesion in zip(batch.hu, batch.mask, strict=True)}
    assert medians == {65.0, 54.5, 44.0}
