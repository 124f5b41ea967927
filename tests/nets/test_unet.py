from __future__ import annotations

import pytest
import torch
from torch import nn

from ichor.nets.ensemble import Ensemble
from ichor.nets.slice_unet import SliceUNet
from ichor.nets.unet import PAPER_PARAMETERS, UNet
from ichor.nets.windowing import Windowing
from ichor.windows import BONE, BRAIN


def test_the_papers_unet_has_the_papers_parameters_and_convolutions() -> None:
    with torch.device("meta"):
        network = UNet()
    assert sum(p.numel() for p in network.parameters()) == PAPER_PARAMETERS == 31_031_685
    assert sum(isinstance(m, nn.Conv2d) for m in network.modules()) == 24


def test_width_is_a_setting_and_size_is_kept() -> None:
    network = UNet(width=4).eval()
    logits = network(torch.zeros(2, 1, 160, 160))["logits"]
    assert logits.shape == (2, 1, 160, 160)


def test_dropout_is_after_level_4_and_after_the_bottleneck() -> None:
    network = UNet(width=2)
    calls = []
    network.dropout.register_forward_hook(lambda _module, args, _out: calls.append(args[0].shape))
    network(torch.zeros(1, 1, 32, 32))
    assert [tuple(shape) for shape in calls] == [(1, 16, 4, 4), (1, 32, 2, 2)]


@pytest.mark.parametrize("size", [64, 256])
def test_the_compact_network_predicts_voxels_and_slices(size: int) -> None:
    network = SliceUNet((8, 8, 8, 8)).eval()
    outputs = network(torch.zeros(3, 3, size, size))
    assert outputs["logits"].shape == (3, 1, size, size)
    assert outputs["slice_logits"].shape == (3,)


def test_windowing_is_the_gray_window() -> None:
    hu = torch.linspace(-1200, 2500, 64).view(1, 1, 8, 8)
    windowed = Windowing([(0, BRAIN), (0, BONE)])(hu)
    for channel, window in enumerate((BRAIN, BONE)):
        expected = torch.from_numpy(window.gray(hu[0, 0].numpy())) / 255
        assert torch.allclose(windowed[0, channel], expected, atol=1e-6)


def test_an_ensemble_gives_the_mean_of_its_members() -> None:
    members = [SliceUNet((8, 8, 8, 8), subtypes=True).eval() for _ in range(2)]
    hu = 40 * torch.randn(2, 3, 32, 32)
    ensemble = Ensemble(members).eval()
    first, second, both = members[0](hu), members[1](hu), ensemble(hu)
    assert both.keys() == first.keys()
    for name, mean in both.items():
        assert torch.allclose(mean, (first[name] + second[name]) / 2, atol=1e-6)
