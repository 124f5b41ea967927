"""Both engines against torch, on real slices: probabilities within 1e-4, masks equal where that leaves no doubt.

In int8 each engine rounds in its own way: a voxel at the border of a lesion may differ by 0.3, the mean by 1e-4.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from ichor.errors import BadConfig
from ichor.methods import load_method
from ichor.methods.field import neighbours
from ichor.methods.settings import SlicesChosen
from ichor.methods.unet_slices import UNetSlices
from ichor.models.engine import Engine
from ichor.models.package import DEFAULT_MODEL, find_package
from ichor.nets.slice_unet import SliceUNet
from ichor.read import open_scan
from ichor.train.forward import TorchForward
from ichor.train.quantize import quantize_network
from ichor.train.start import load_exported
from paths import DATA

TOLERANCE = 1e-4
INT8_MEAN, INT8_SLICE, INT8_DICE = 1e-3, 0.05, 0.95  # voxels' mean, every slice's probability, masks at the threshold


@pytest.fixture(scope="module")
def slices() -> np.ndarray:
    """(N, 3, size, size) HU: real slices with and without hemorrhage, from two scanners."""
    method = load_method()
    assert isinstance(method, UNetSlices)
    batches = []
    for path, chosen in (("ct-ich/Patients_CT/088", [0, 3, 6, 7, 12]), ("ge-head", [1, 4, 7])):
        scan = open_scan(DATA / path)
        hu, _ = method.field_of(scan)
        around = neighbours(scan.slice_positions_mm, scan.n_slices, method.settings.neighbour_mm)
        batches.append(hu[around[chosen]])
    return np.concatenate(batches)


def _torch_twin(method: UNetSlices, file: Path) -> TorchForward:
    """The shipped network in torch, its weights read out of the ONNX file."""
    of = method.settings
    network = SliceUNet(of.widths, skips=of.skips, subtypes=of.training.subtype_loss > 0)
    load_exported(network, file)
    return TorchForward(network)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_the_shipped_model_is_the_same_in_every_engine(slices: np.ndarray, engine: str) -> None:
    method = load_method()
    assert isinstance(method, UNetSlices)
    assert method.chosen is not None
    file = find_package(DEFAULT_MODEL) / "model.onnx"
    expected = _torch_twin(method, file)(slices)
    found = Engine(file, engine=engine, threads=2)(slices)  # type: ignore[arg-type]
    assert set(found) == set(expected) == {"probability", "slice_probability", "subtype_probability"}
    for name, values in expected.items():
        assert np.abs(found[name] - values).max() < TOLERANCE
    threshold = method.chosen.threshold
    sure = np.abs(expected["probability"] - threshold) > TOLERANCE
    masks = [outputs["probability"] >= threshold for outputs in (expected, found)]
    assert masks[0].any()
    assert np.array_equal(masks[0][sure], masks[1][sure])


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_fresh_export_is_the_same_in_every_engine(slices: np.ndarray, engine: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SliceUNet((8, 8, 12, 16))
    network.train()
    for _ in range(3):  # batch norm that has seen data, so that folding it is put to the test
        network(torch.from_numpy(slices))
    method = UNetSlices(widths=(8, 8, 12, 16), size=slices.shape[-1])
    method.forward = TorchForward(network)
    method.chosen = SlicesChosen(threshold=0.5, head_mm=180)
    method.save(tmp_path)
    found = Engine(tmp_path / "model.onnx", engine=engine, threads=1)(slices)  # type: ignore[arg-type]
    for name, values in method.forward(slices).items():
        assert np.abs(found[name] - values).max() < TOLERANCE


def test_the_int8_variant_is_near_the_shipped_model_in_every_engine(slices: np.ndarray, tmp_path: Path) -> None:
    method = load_method()
    assert isinstance(method, UNetSlices)
    assert method.chosen is not None
    exact, int8 = find_package(DEFAULT_MODEL) / "model.onnx", tmp_path / "int8.onnx"
    quantize_network(exact, slices, int8)
    assert int8.stat().st_size < 0.4 * exact.stat().st_size
    outputs = [
        Engine(exact, threads=1)(slices),
        Engine(int8, engine="openvino", threads=1)(slices),
        Engine(int8, engine="onnxruntime", threads=1)(slices),
    ]
    masks = [of["probability"] >= method.chosen.threshold for of in outputs]
    assert masks[0].any()
    for one, other in ((0, 1), (0, 2), (1, 2)):
        apart = {name: np.abs(outputs[one][name] - outputs[other][name]) for name in outputs[0]}
        assert 0 < apart["probability"].mean() < INT8_MEAN
        assert apart["slice_probability"].max() < INT8_SLICE
        assert 2 * (masks[one] & masks[other]).sum() / (masks[one].sum() + masks[other].sum()) > INT8_DICE


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    with pytest.raises(BadConfig, match="expected an ONNX model, found no such file"):
        Engine(file)
    file.write_bytes(b"no model")
    for engine in ("openvino", "onnxruntime"):
        with pytest.raises(BadConfig, match=f"expected an ONNX model that {engine} can run"):
            Engine(file, engine=engine)  # type: ignore[arg-type]


def test_a_changed_package_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(find_package(DEFAULT_MODEL), package)
    load_method(package)
    network = package / "model.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"\0")
    with pytest.raises(BadConfig, match=r"model\.onnx: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}"):
        load_method(package)
    network.unlink()
    with pytest.raises(BadConfig, match="found no such file"):
        load_method(package)


def test_no_such_model() -> None:
    with pytest.raises(BadConfig, match=f"nowhere: expected a model package or one of {DEFAULT_MODEL}, found neither"):
        load_method("nowhere")
