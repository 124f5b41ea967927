"""The published classification networks, counted at their published size and run at a reduced one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from ichor.nets import alexnet, densenet, drn, googlenet, inception_resnet_v2, inception_v3, resnet, vgg
from ichor.nets.alexnet import AlexNet
from ichor.nets.building import Backbone
from ichor.nets.densenet import DenseNet40
from ichor.nets.drn import DRN
from ichor.nets.googlenet import GoogLeNet
from ichor.nets.inception_resnet_v2 import InceptionResNetV2
from ichor.nets.inception_v3 import InceptionV3
from ichor.nets.resnet import ResNet
from ichor.nets.vgg import VGG16


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("build", "published", "stated"),
    [
        pytest.param(VGG16, 138_357_544, vgg.PARAMETERS, id="vgg16"),
        pytest.param(lambda: ResNet(18), 11_689_512, resnet.PARAMETERS[18], id="resnet18"),
        pytest.param(lambda: ResNet(50), 25_557_032, resnet.PARAMETERS[50], id="resnet50"),
        pytest.param(InceptionV3, 23_834_568, inception_v3.PARAMETERS, id="inception-v3"),
        pytest.param(
            lambda: InceptionV3(auxiliary=True),
            27_161_264,
            inception_v3.PARAMETERS_WITH_AUXILIARY,
            id="inception-v3-auxiliary",
        ),
        pytest.param(InceptionResNetV2, 55_843_464, inception_resnet_v2.PARAMETERS, id="inception-resnet-v2"),
        pytest.param(GoogLeNet, 6_998_552, googlenet.PARAMETERS, id="googlenet"),
        pytest.param(
            lambda: GoogLeNet(auxiliary=True),
            13_378_280,
            googlenet.PARAMETERS_WITH_AUXILIARY,
            id="googlenet-auxiliary",
        ),
        pytest.param(AlexNet, 61_100_840, alexnet.PARAMETERS, id="alexnet"),
        pytest.param(DenseNet40, 1_019_722, densenet.PARAMETERS, id="densenet-40"),
        pytest.param(lambda: DRN(22), 16_393_752, drn.PARAMETERS[22], id="drn-22"),
        pytest.param(lambda: DRN(38), 26_501_912, drn.PARAMETERS[38], id="drn-38"),
    ],
)
def test_a_network_has_the_parameters_of_the_published_one(
    build: Callable[[], nn.Module], published: int, stated: int
) -> None:
    with torch.device("meta"):
        assert parameters(build()) == published == stated


def test_parameters_of_the_parts_that_change_follow_from_the_published_count() -> None:
    """Another number of channels or classes changes the first and the last layer and nothing else."""
    with torch.device("meta"):
        changed = parameters(ResNet(18, channels=5, classes=6))
        three_dimensional = parameters(AlexNet(dims=3, channels=1, classes=1, sides=(1, 6, 6)))
    assert changed == 11_689_512 + 2 * 64 * 7 * 7 - (1000 - 6) * (512 + 1)
    convolutions = [(1, 64, 3 * 11 * 11), (64, 192, 125), (192, 384, 27), (384, 256, 27), (256, 256, 27)]
    layers = [(256 * 36, 4096), (4096, 4096), (4096, 1)]
    assert three_dimensional == sum(o * (i * k + 1) for i, o, k in convolutions) + sum(o * (i + 1) for i, o in layers)


@pytest.mark.parametrize(
    ("build", "side", "maps"),
    [
        pytest.param(lambda: VGG16(2, 6, 0.125, batch_norm=True, pooled_head=True), 64, (64, 2, 2), id="vgg16"),
        pytest.param(lambda: VGG16(2, 6, 0.0625), 96, (32, 3, 3), id="vgg16-fully-connected"),
        pytest.param(lambda: ResNet(18, 2, 6, 0.125), 64, (64, 2, 2), id="resnet18"),
        pytest.param(lambda: ResNet(50, 2, 6, 0.125), 64, (256, 2, 2), id="resnet50"),
        pytest.param(lambda: InceptionV3(2, 6, 0.125), 96, (256, 1, 1), id="inception-v3"),
        pytest.param(
            lambda: InceptionResNetV2(2, 6, 0.125, repeats=(1, 1, 1)), 96, (192, 1, 1), id="inception-resnet-v2"
        ),
        pytest.param(lambda: GoogLeNet(2, 6, 0.125, batch_norm=True), 64, (128, 2, 2), id="googlenet"),
        pytest.param(lambda: AlexNet(2, 6, 0.125), 224, (32, 6, 6), id="alexnet"),
        pytest.param(lambda: DenseNet40(2, 6, 0.5, stem_stride=2), 32, (224, 4, 4), id="densenet-40"),
        pytest.param(lambda: DRN(22, 2, 6, 0.125), 64, (64, 8, 8), id="drn-22"),
    ],
)
def test_a_reduced_network_classifies_images(
    build: Callable[[], Backbone], side: int, maps: tuple[int, int, int]
) -> None:
    network = build().eval()
    images = torch.randn(3, 2, side, side)
    assert tuple(network.maps(images).shape[1:]) == maps
    assert network.n_features == maps[0]
    (logits,) = network(images)
    assert logits.shape == (3, 6)
    assert torch.allclose(logits[:1], network(images[:1])[0], atol=1e-4)  # each image for itself


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        pytest.param(
            lambda: AlexNet(1, 6, 0.125, dims=3, sides=(2, 3, 3), batch_norm=True), (16, 112, 112), id="alexnet"
        ),
        pytest.param(lambda: GoogLeNet(1, 6, 0.125, dims=3, batch_norm=True), (16, 64, 64), id="googlenet"),
    ],
)
def test_a_reduced_network_classifies_volumes(build: Callable[[], Backbone], shape: tuple[int, int, int]) -> None:
    network = build().eval()
    assert network(torch.randn(2, 1, *shape))[0].shape == (2, 6)


@pytest.mark.parametrize(
    ("build", "side", "further"),
    [
        pytest.param(lambda: InceptionV3(1, 6, 0.125, auxiliary=True), 128, 1, id="inception-v3"),
        pytest.param(lambda: GoogLeNet(1, 6, 0.125, auxiliary=True), 96, 2, id="googlenet"),
    ],
)
def test_auxiliary_classifiers_speak_in_training_only(build: Callable[[], Backbone], side: int, further: int) -> None:
    network = build()
    images = torch.randn(2, 1, side, side)
    assert [tuple(one.shape) for one in network.train()(images)] == [(2, 6)] * (1 + further)
    assert [tuple(one.shape) for one in network.eval()(images)] == [(2, 6)]
