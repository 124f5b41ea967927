"""The networks of the systems that segment."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ichor.nets import vgg
from ichor.nets.autoencoder import SliceAutoencoder
from ichor.nets.bilateral import BilateralDifference
from ichor.nets.cascade import Cascade
from ichor.nets.fcn import FCN8
from ichor.nets.patch_fcn import PatchFCN
from ichor.nets.resnet import ResNet
from ichor.nets.slice_classifier import SliceClassifier
from ichor.nets.unet import PAPER_PARAMETERS, UNet
from ichor.train.losses import boundary_loss, restoration_loss
from ichor.train.samples import Batch
from ichor.train.settings import TrainingSettings
from ichor.windows import BRAIN


def batch(mask: torch.Tensor) -> Batch:
    return Batch(torch.zeros_like(mask), mask, mask.amax(dim=(1, 2, 3)))


def test_the_fcn_has_the_weights_of_vgg_16_except_for_its_last_layer() -> None:
    with torch.device("meta"):
        network = FCN8([(0, BRAIN)] * 3)
    scores = sum(n + 1 for n in (256, 512, 4096))
    assert sum(p.numel() for p in network.parameters()) == vgg.PARAMETERS - 1000 * (4096 + 1) + scores


def test_the_unet_with_two_channels_has_one_more_kernel_for_each_filter_of_the_first_layer() -> None:
    with torch.device("meta"):
        network = UNet(64, BilateralDifference(BRAIN), channels=2)
    assert sum(p.numel() for p in network.parameters()) == PAPER_PARAMETERS + 64 * 9


@pytest.mark.parametrize(
    ("network", "side"),
    [
        pytest.param(FCN8([(0, BRAIN)], 0.125, batch_norm=True), 96, id="fcn-8s"),
        pytest.param(PatchFCN(22, [(0, BRAIN)], 0.125), 64, id="patch-fcn"),
    ],
)
def test_a_segmenter_starts_from_rare_hemorrhage_at_full_size(network: nn.Module, side: int) -> None:
    logits = network.eval()(40 + 20 * torch.randn(2, 1, side, side))["logits"]
    assert logits.shape == (2, 1, side, side)
    assert logits.sigmoid().mean() < 0.2


def test_both_sides_differ_where_there_is_blood_on_one() -> None:
    hu = torch.full((1, 1, 32, 32), 30.0)
    hu[:, :, 10:18, 4:10] = 70
    gray, difference = BilateralDifference(BRAIN, 3)(hu)[0]
    assert gray[12, 6] == pytest.approx((70 + 20) / 120)
    assert difference[14, 7] == pytest.approx(40 / 120, abs=1e-6)
    assert difference[14, 31 - 7] == pytest.approx(-40 / 120, abs=1e-6)
    assert difference[:8].abs().max() == 0


def test_of_a_cascade_the_surer_decides() -> None:
    classifiers = [SliceClassifier(ResNet(18, 1, 6, 0.125), [(0, BRAIN)]).eval() for _ in range(2)]
    segmenters = [PatchFCN(22, [(0, BRAIN)], 0.125).eval() for _ in range(2)]
    hu = 40 + 20 * torch.randn(2, 1, 64, 64)
    found = Cascade(classifiers, segmenters).eval()(hu)
    slices = torch.stack([one(hu)["slice_logits"].sigmoid() for one in classifiers]).amax(dim=0)
    voxels = torch.stack([one(hu)["logits"][:, 0].sigmoid() for one in segmenters]).amax(dim=0)
    assert torch.allclose(found["slice_probability"], slices)
    assert torch.allclose(found["probability"], voxels * slices[:, None, None])


def test_errors_at_the_boundary_of_a_mask_cost_more() -> None:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:40, 20:40] = 1
    settings = TrainingSettings()

    def cost(row: int) -> float:
        logits = torch.where(mask > 0, 8.0, -8.0)
        logits[0, 0, row, 30] *= -1
        return float(boundary_loss({"logits": logits}, batch(mask), settings))

    assert cost(41) > 5 * cost(60)
    assert cost(21) > 1.5 * cost(30)
    nothing = batch(torch.zeros(1, 1, 64, 64))
    even = boundary_loss({"logits": torch.zeros(1, 1, 64, 64)}, nothing, settings)
    assert float(even) == pytest.approx(np.log(2))


def test_the_autoencoder_restores_what_it_saw() -> None:
    torch.manual_seed(0)
    network = SliceAutoencoder(BRAIN, 0.5)
    hu = torch.full((8, 1, 32, 32), -50.0)
    for k in range(8):
        hu[k, :, 4 * (k % 4) : 4 * (k % 4) + 12, 4 : 4 + 3 * k] = 60
    one = batch((hu > 0).float())
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(60):
        outputs = network.train()(hu)
        loss = restoration_loss(outputs, one, TrainingSettings(slice_loss=0.1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert outputs["restored"].shape == outputs["seen"].shape == hu.shape
    assert losses[-1] < 0.5 * losses[0]
    assert set(network.eval()(hu)) == {"slice_logits"}
