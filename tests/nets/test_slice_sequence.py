from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ichor.nets.radnet import RADnet
from ichor.nets.resnet import ResNet
from ichor.nets.slice_classifier import SliceClassifier
from ichor.nets.slice_sequence import SliceSequence
from ichor.nets.two_stages import TwoStages
from ichor.nets.volume_classifier import Plain3D, VolumeClassifier
from ichor.train.loop import train
from ichor.train.losses import detection_loss
from ichor.train.scan_samples import ScanArrays, ScanSamples
from ichor.train.settings import TrainingSettings
from ichor.windows import BONE, BRAIN


def sequence(kind: str = "gru", *, attention: bool = False) -> SliceSequence:
    encoder = SliceClassifier(ResNet(18, 2, 6, 0.125), [(0, BRAIN), (0, BONE)])
    return SliceSequence(encoder, kind=kind, attention=attention)


def test_the_gradient_written_out_is_that_of_automatic_differentiation() -> None:
    network = sequence().eval()
    features = torch.randn(7, 64, requires_grad=True)
    along = network.along(features[:, None])[0][:, 0]
    logits = network.head(along)[:, 0]
    for k in range(len(features)):
        (expected,) = torch.autograd.grad(logits[k], features, retain_graph=True)
        found = network.gradient(features, along)[k]
        assert expected[k].abs().max() > 1e-3
        assert torch.allclose(found, expected[k], atol=1e-6)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_slice_is_seen_together_with_the_others(kind: str) -> None:
    network = sequence(kind).eval()
    hu = 40 + 20 * torch.randn(6, 1, 64, 64)
    changed = hu.clone()
    changed[5] += 30
    before, after = network(hu)["slice_logits"], network(changed)["slice_logits"]
    assert before.shape == (6,)
    assert not torch.allclose(before[:5], after[:5], atol=1e-6)


def test_training_leaves_the_batch_norm_of_the_encoder_as_it_is() -> None:
    network = sequence().train()
    before = [value.clone() for name, value in network.state_dict().items() if "running" in name]
    network(40 + 20 * torch.randn(6, 1, 64, 64))
    after = [value for name, value in network.state_dict().items() if "running" in name]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert network.along.training and not network.encoder.training


def test_features_stay_in_their_range_while_the_sequence_is_learned(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scans = []
    for bleeds in (True, False):
        labels = np.zeros((6, 5), bool)
        labels[2:4, 0] = bleeds
        hu = rng.normal(40, 20, (6, 64, 64)).astype(np.int16)
        scans.append(ScanArrays(hu, np.arange(6)[:, None], np.zeros(hu.shape, bool), labels))
    network, shown = sequence().eval(), torch.from_numpy(scans[0].hu[:, None]).float()
    size = network.encoder.features(shown)[0].abs().mean()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    settings = TrainingSettings(epochs=20, batch=1, learning_rate=1e-2, optimizer="adamw", slice_loss=1.0)
    trained = train(network, ScanSamples(scans, 1.0), None, settings, tmp_path, loss_of=detection_loss, quiet=True)
    assert 0.5 < trained.encoder.features(shown)[0].abs().mean() / size < 2
    changed = {name: float((value - before[name]).abs().max()) for name, value in trained.state_dict().items()}
    assert 0 < changed["encoder.backbone.stem.0.weight"] < 0.02 < changed["head.weight"]


def test_attention_is_highest_where_the_evidence_is() -> None:
    """One map shines in one corner, and the presence logit grows with its mean."""
    network = sequence(attention=True).eval()
    maps = torch.zeros(3, 64, 2, 2)
    maps[:, 0, 0, 0] = 5
    network.encoder.features = lambda _hu: (maps.flatten(2).mean(dim=2), maps, {})
    with torch.no_grad():
        for _ in range(200):  # until the gradient of the first feature is positive on all slices
            if (network.gradient(*_states(network, maps))[:, 0] > 0).all():
                break
            torch.nn.init.normal_(network.head.weight)
    found = network(torch.zeros(3, 1, 64, 64))
    attention, probability = found["probability"], found["slice_logits"].sigmoid()
    assert attention.shape == (3, 64, 64)
    assert torch.allclose(attention.amax(dim=(1, 2)), probability, atol=1e-5)
    assert (attention[:, :16, :16] > 0.9 * probability[:, None, None]).all()
    assert (attention[:, 48:, 48:] == 0).all()


def _states(network: SliceSequence, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    features = maps.flatten(2).mean(dim=2)
    return features, network.along(features[:, None])[0][:, 0]


@pytest.mark.parametrize(("side", "stride"), [(32, 1), (64, 2), (72, 2)])
def test_radnet_segments_after_each_block_at_the_size_of_the_image(side: int, stride: int) -> None:
    network = RADnet([(0, BRAIN)], 0.5, stem_stride=stride).eval()
    found = network(40 + 20 * torch.randn(2, 1, side, side))
    assert found["auxiliary_maps"].shape == (3, 2, 1, side, side)
    assert torch.allclose(found["logits"], found["auxiliary_maps"].mean(dim=0))
    assert found["slice_logits"].shape == (2,)
    assert found["subtype_logits"].shape == (2, 5)


def test_a_subtype_is_as_probable_as_hemorrhage_and_then_this_subtype() -> None:
    networks = [SliceClassifier(ResNet(18, 1, 6, 0.125), [(0, BRAIN)]).eval() for _ in range(2)]
    hu = 40 + 20 * torch.randn(2, 1, 64, 64)
    found = TwoStages(*networks).eval()(hu)
    presence, subtypes = networks[0](hu)["slice_logits"].sigmoid(), networks[1](hu)["subtype_logits"].sigmoid()
    assert torch.allclose(found["subtype_probability"], presence[:, None] * subtypes)
    assert "subtype_logits" not in found


def test_of_five_logits_the_highest_is_that_of_presence() -> None:
    network = SliceClassifier(ResNet(18, 1, 5, 0.125), [(0, BRAIN)]).eval()
    found = network(40 + 20 * torch.randn(3, 1, 64, 64))
    assert torch.equal(found["slice_logits"], found["subtype_logits"].amax(dim=1))


def test_interpolated_slices_are_means_with_the_neighbors() -> None:
    network = SliceClassifier(ResNet(18, 3, 6, 0.125), [(k, BRAIN) for k in range(3)], interpolated=True)
    hu = torch.stack([torch.full((64, 64), value) for value in (0.0, 40.0, 60.0)])[None]
    seen = network._seen(hu)[0, :, 0, 0]
    assert torch.allclose(seen, torch.tensor([(20 + 20) / 120, (40 + 20) / 120, (50 + 20) / 120]))


def test_volumes_have_one_logit_each() -> None:
    network = VolumeClassifier(Plain3D(1, 1, 0.125), 8, BRAIN).eval()
    assert network(torch.zeros(2, 8, 64, 64))["scan_logits"].shape == (2,)
