"""A soft edge: voxels near the boundary of a delineation cost less, all others the same."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ichor.train.losses import loss_of
from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings
from ichor.train.soft_edge import edge_weights


def settings(**more: object) -> TrainingSettings:
    return TrainingSettings.model_validate({"loss": "tversky", "each_slice": 1.0, **more})


@pytest.fixture
def batch() -> Batch:
    """A square of 12 pixels, and a slice without hemorrhage."""
    mask = torch.zeros(2, 1, 32, 32)
    mask[0, 0, 10:22, 10:22] = 1
    return Batch(torch.zeros(2, 3, 32, 32), mask, torch.tensor([1.0, 0.0]))


def cost(logits: Tensor, batch: Batch, **more: object) -> float:
    return float(loss_of({"logits": logits, "slice_logits": torch.zeros(len(logits))}, batch, settings(**more)))


def test_weights_rise_from_the_boundary_to_its_reach(batch: Batch) -> None:
    weights = edge_weights(batch.mask, 4.0)
    assert weights.shape == batch.mask.shape
    row = weights[0, 0, 16]
    # Half a pixel, and one more for each step, of 4 pixels.
    expected = [0.2 + 0.8 * min(1.0, (0.5 + step) / 4) for step in range(6)]
    assert row[4:10].flip(0).tolist() == pytest.approx(expected)
    assert row[10:16].tolist() == pytest.approx(expected)
    assert torch.all(weights[1] == 1)


def test_a_soft_edge_of_zero_width_costs_as_much_as_a_sharp_edge(batch: Batch) -> None:
    logits = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    for loss in ("tversky", "dice", "cross-entropy"):
        sharp, soft = (cost(logits, batch, loss=loss, soft_edge_px=px) for px in (0.0, 1e-6))
        assert soft == pytest.approx(sharp, rel=1e-4)


def test_a_displaced_boundary_costs_less_and_a_false_region_elsewhere_does_not(batch: Batch) -> None:
    perfect = 16 * batch.mask - 8
    wider, elsewhere = perfect.clone(), perfect.clone()
    wider[0, 0, 9, 10:22] = 8  # a row beyond the edge
    elsewhere[0, 0, 28, 10:22] = 8  # as many pixels far away
    extra = {
        name: [cost(of, batch, soft_edge_px=px) - cost(perfect, batch, soft_edge_px=px) for px in (0.0, 2.5)]
        for name, of in (("wider", wider), ("elsewhere", elsewhere))
    }
    assert extra["wider"][1] < 0.5 * extra["wider"][0]
    assert extra["elsewhere"][1] == pytest.approx(extra["elsewhere"][0], rel=0.25)


def test_missing_a_whole_lesion_costs_about_as_much_as_before(batch: Batch) -> None:
    nothing = torch.full_like(batch.mask, -8.0)
    sharp, soft = (cost(nothing, batch, soft_edge_px=px) for px in (0.0, 2.5))
    assert soft == pytest.approx(sharp, rel=0.4)


def test_a_sharp_edge_is_not_written_into_the_settings() -> None:
    assert "soft_edge_px" not in settings().model_dump_json()
    assert '"soft_edge_px":2.5' in settings(soft_edge_px=2.5).model_dump_json()
