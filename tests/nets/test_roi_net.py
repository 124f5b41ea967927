"""Regions of interest: boxes, and a network that finds, classifies and masks what is in them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ichor.nets.boxes import crop, overlap, paste
from ichor.nets.roi_net import RoiNet, anchor_boxes, moved, shifts_to
from ichor.train.roi_loss import boxes_of, roi_loss
from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings
from ichor.windows import BRAIN

BOX = torch.tensor([[[0.5, 0.25, 0.5, 0.25]]])  # rows 16 to 48 and columns 8 to 24 of 64


def test_a_crop_is_what_is_in_the_box() -> None:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    found = crop(torch.stack([rows, columns])[None], BOX, 8)[0, 0]
    assert torch.allclose(found[0, :, 0], torch.arange(8) * 4 + 16 + 1.5, atol=1e-4)
    assert torch.allclose(found[1, 0], torch.arange(8) * 2 + 8 + 0.5, atol=1e-4)


def test_a_mask_comes_back_to_the_place_of_its_box() -> None:
    found = paste(torch.ones(1, 1, 8, 8), BOX, 64)[0, 0]
    expected = torch.zeros(64, 64)
    expected[16:48, 8:24] = 1
    inner = torch.zeros(64, 64, dtype=torch.bool)
    inner[19:45, 10:22] = True
    differing = (found > 0.5) != (expected > 0)
    assert differing.sum() <= 4 * 3  # the corners are rounded
    assert torch.allclose(found[inner], torch.ones(()))


def test_overlap_is_intersection_over_union() -> None:
    other = torch.tensor([[0.5, 0.375, 0.5, 0.25], [0.5, 0.25, 0.25, 0.25], [0.9, 0.9, 0.1, 0.1]])
    assert overlap(BOX[0], other)[0].tolist() == pytest.approx([1 / 3, 1 / 2, 0])


def test_anchors_become_the_boxes_that_they_are_shifted_to() -> None:
    anchors = anchor_boxes(4, torch.device("cpu"))
    assert len(anchors) == 4 * 16
    boxes = anchors * torch.tensor([1.0, 1.0, 1.5, 0.7]) + torch.tensor([0.02, -0.02, 0, 0])
    assert torch.allclose(moved(anchors, shifts_to(anchors, boxes)[None])[0], boxes, atol=1e-5)


def test_the_regions_of_a_mask_are_its_connected_parts_without_specks() -> None:
    mask = np.zeros((64, 64), bool)
    mask[16:36, 8:18] = mask[50:60, 40:60] = mask[2, 2] = True
    assert boxes_of(mask).tolist() == [
        pytest.approx([26 / 64, 13 / 64, 24 / 64, 12 / 64]),
        pytest.approx([55 / 64, 50 / 64, 12 / 64, 24 / 64]),
    ]
    assert boxes_of(np.zeros((64, 64), bool)).shape == (0, 4)


def made(rng: np.random.Generator, n: int = 8) -> Batch:
    """Five slices of noise each, with a dense rectangle on the middle one of every second example."""
    hu = torch.from_numpy(rng.normal(35, 5, (n, 5, 96, 96)).astype(np.float32))
    mask = torch.zeros(n, 1, 96, 96)
    for k in range(0, n, 2):
        (row, column), (height, width) = rng.integers(10, 60, 2), rng.integers(10, 24, 2)
        mask[k, 0, row : row + height, column : column + width] = 1
        hu[k] += 30 * mask[k]
    positive = mask.amax(dim=(1, 2, 3))
    subtypes = torch.zeros(n, 5)
    subtypes[:, 1] = positive
    return Batch(hu, mask, positive, subtypes)


@pytest.mark.long
def test_it_learns_to_find_call_and_mask() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = RoiNet(BRAIN, 0.25)
    loss_of, settings = roi_loss(network), TrainingSettings(subtype_loss=0.5)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(120):
        batch = made(rng)
        loss = loss_of(network.train()(batch.hu), batch, settings)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    batch = made(rng, 16)
    with torch.no_grad():
        found = network.eval()(batch.hu)
    positive = batch.positive > 0
    assert found["slice_probability"][positive].min() > 0.8
    assert found["slice_probability"][~positive].max() < 0.2
    assert found["subtype_probability"][positive].argmax(dim=1).tolist() == [1] * 8
    marked, mask = found["probability"][positive] > 0.5, batch.mask[positive, 0] > 0
    dice = 2 * (marked & mask).sum(dim=(1, 2)) / (marked.sum(dim=(1, 2)) + mask.sum(dim=(1, 2)))
    assert dice.mean() > 0.75


def test_slices_without_hemorrhage_have_a_loss_too() -> None:
    network = RoiNet(BRAIN, 0.125, proposals=3).train()
    hu = 35 + 5 * torch.randn(2, 5, 64, 64)
    batch = Batch(hu, torch.zeros(2, 1, 64, 64), torch.zeros(2), torch.zeros(2, 5))
    loss = roi_loss(network)(network(hu), batch, TrainingSettings(subtype_loss=0.5))
    loss.backward()
    assert torch.isfinite(loss)
    assert network.call[0].weight.grad.abs().sum() > 0
