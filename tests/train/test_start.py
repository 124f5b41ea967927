"""Weights out of a model package: the network that was exported, to go on training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnxscript.optimizer import optimize

from ichor.errors import BadConfig
from ichor.nets.slice_unet import SliceUNet
from ichor.train.forward import TorchForward
from ichor.train.start import load_exported, load_weights
from untrained_package import WIDTHS, untrained_method


@pytest.mark.parametrize("subtypes", [True, False])
def test_an_exported_network_comes_back_whole(subtypes: bool, tmp_path: Path) -> None:
    method = untrained_method(subtypes=subtypes)
    assert isinstance(method.forward, TorchForward)
    method.save(tmp_path)
    torch.manual_seed(1)
    network = SliceUNet(WIDTHS, subtypes=subtypes)
    load_weights(network, tmp_path)
    hu = torch.randn(4, 3, 64, 64) * 60
    expected = method.forward(hu.numpy())
    for name, found in TorchForward(network)(hu.numpy()).items():
        assert np.abs(found - expected[name]).max() <= 1e-5
    # Trained on, batch norm takes the batch's statistics: these too are as they were before the export.
    for name, found in network.train()(hu).items():
        assert torch.allclose(found, method.forward.network.train()(hu)[name], atol=1e-5)


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    untrained_method(subtypes=False).save(tmp_path)
    with pytest.raises(BadConfig, match=r"expected down\.0\.body\.0\.weight of shape \[8, 20, 3, 3\], found \[4, 20"):
        load_exported(SliceUNet((8, 8, 8, 8)), file)
    with pytest.raises(BadConfig, match=r"found no narrow\.0\.weight"):
        load_exported(SliceUNet(WIDTHS, skips="added"), file)
    file.write_bytes(b"no model")
    with pytest.raises(BadConfig, match="expected an ONNX model, found"):
        load_exported(SliceUNet(WIDTHS), file)


def test_a_network_whose_batch_norm_was_folded_away_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    untrained_method().save(tmp_path)
    onnx.save(optimize(onnx.load(file)), file)
    with pytest.raises(
        BadConfig, match=r"expected an fp32 network with separate batch norm, .*found no down\.0\.body\.1"
    ):
        load_exported(SliceUNet(WIDTHS, subtypes=True), file)
