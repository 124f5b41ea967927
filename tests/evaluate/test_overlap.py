from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from monai.metrics import DiceMetric, MeanIoU

from ichor.evaluate.overlap import Overlaps, pooled_dice, scan_dice, subject_averages


@pytest.fixture
def masks() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    reference = np.zeros((6, 40, 40), bool)
    reference[2:5, 10:25, 8:30] = True
    mask = np.roll(reference, (0, 3, 2), (0, 1, 2)) & (rng.random(reference.shape) > 0.2)
    mask[0, 5:8, 5:8] = True
    mask[4] = False
    return mask, reference


def test_dice_and_jaccard_are_those_of_monai(masks) -> None:
    mask, reference = masks
    ours = Overlaps.of(mask, reference)
    y_pred, y = (torch.from_numpy(m[:, None].astype(np.float32)) for m in (mask, reference))
    dice = DiceMetric(ignore_empty=False)(y_pred, y)[:, 0].numpy()
    jaccard = MeanIoU(ignore_empty=False)(y_pred, y)[:, 0].numpy()
    assert ours.dice == pytest.approx(dice)
    assert ours.jaccard == pytest.approx(jaccard)


def test_scan_dice_is_that_of_simpleitk(masks) -> None:
    mask, reference = masks
    measures = sitk.LabelOverlapMeasuresImageFilter()
    measures.Execute(*(sitk.GetImageFromArray(m.astype(np.uint8)) for m in (reference, mask)))
    assert scan_dice(Overlaps.of(mask, reference)) == pytest.approx(measures.GetDiceCoefficient())


def test_empty_masks_follow_the_written_convention() -> None:
    empty, full = np.zeros((1, 4, 4), bool), np.ones((1, 4, 4), bool)
    assert Overlaps.of(empty, empty).dice.tolist() == [1.0]
    assert Overlaps.of(empty, empty).jaccard.tolist() == [1.0]
    assert Overlaps.of(full, empty).dice.tolist() == [0.0]
    assert Overlaps.of(empty, full).dice.tolist() == [0.0]


def test_the_papers_average_is_over_positive_slices_then_subjects(masks) -> None:
    mask, reference = masks
    none = np.zeros_like(reference)
    overlaps = {
        "049": Overlaps.of(mask, reference),
        "050": Overlaps.of(reference, reference),
        "055": Overlaps.of(mask, none),  # no hemorrhage: never counted
        "070": Overlaps.of(none, reference),
    }
    averages = subject_averages(overlaps, leave_out=["070"])
    by_hand = []
    for k in (2, 3, 4):
        by_hand.append(2 * (mask[k] & reference[k]).sum() / (mask[k].sum() + reference[k].sum()))
    assert set(averages) == {"049", "050"}
    assert averages["049"][0] == pytest.approx(np.mean(by_hand))
    assert averages["050"] == (1.0, 1.0)


def test_pooled_dice_counts_every_voxel_once(masks) -> None:
    mask, reference = masks
    overlaps = {"a": Overlaps.of(mask, reference), "b": Overlaps.of(mask, np.zeros_like(mask))}
    both, total = (mask & reference).sum(), 2 * mask.sum() + reference.sum()
    assert pooled_dice(overlaps) == pytest.approx(2 * both / total)


def test_masks_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a mask of shape \(1, 2, 2\), found \(1, 2, 3\)"):
        Overlaps.of(np.zeros((1, 2, 3), bool), np.zeros((1, 2, 2), bool))
