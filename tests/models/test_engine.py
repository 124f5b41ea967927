"""Both engines against torch, on real slices: probabilities within 1e-4, masks equal where that leaves no doubt.

In int8 each engine rounds in its own way: a voxel at the border of a lesion may differ by 0.3, the mean by 1e-4.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from ichor.errors import BadConfig
from ichor.methods import load_model
from ichor.methods.field import neighbours
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.settings import Parameters
from ichor.models.engine import Engine
from ichor.models.package import DEFAULT_MODEL, find_package, write_sums
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
    method = load_model().method
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
    method = load_model().method
    assert isinstance(method, UNetSlices)
    assert method.parameters is not None
    file = find_package(DEFAULT_MODEL) / "model.onnx"
    expected = _torch_twin(method, file)(slices)
    found = Engine(file, engine=engine, threads=2)(slices)  # type: ignore[arg-type]
    assert set(found) == set(expected) == {"probability", "slice_probability", "subtype_probability"}
    for name, values in expected.items():
        assert np.abs(found[name] - values).max() < TOLERANCE
    threshold = method.parameters.threshold
    sure = np.abs(expected["probability"] - threshold) > TOLERANCE
    masks = [outputs["probability"] >= threshold for outputs in (expected, found)]
    assert masks[0].any()
    assert np.array_equal(masks[0][sure], masks[1][sure])


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux says where a thread may run")
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_binds_no_thread_to_a_core(slices: np.ndarray, engine: str) -> None:
    """Each process would bind its thread to the first core, and all of them would share it."""
    run = Engine(find_package(DEFAULT_MODEL) / "model.onnx", engine=engine, threads=1)  # type: ignore[arg-type]
    everywhere, found, ended = os.sched_getaffinity(0), [], threading.Event()

    def look() -> None:
        while not ended.wait(0.001):
            for one in Path("/proc/self/task").iterdir():
                with suppress(ProcessLookupError):  # it has ended
                    found.append(os.sched_getaffinity(int(one.name)))

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(3):
        run(slices)
    ended.set()
    looking.join()
    assert found and all(one == everywhere for one in found)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_fresh_export_is_the_same_in_every_engine(slices: np.ndarray, engine: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SliceUNet((8, 8, 12, 16))
    network.train()
    for _ in range(3):  # batch norm that has seen data, so that folding it is put to the test
        network(torch.from_numpy(slices))
    method = UNetSlices(widths=(8, 8, 12, 16), size=slices.shape[-1])
    method.forward = TorchForward(network)
    method.parameters = Parameters(threshold=0.5, head_mm=180)
    method.save(tmp_path)
    found = Engine(tmp_path / "model.onnx", engine=engine, threads=1)(slices)  # type: ignore[arg-type]
    for name, values in method.forward(slices).items():
        assert np.abs(found[name] - values).max() < TOLERANCE


def test_the_int8_variant_is_near_the_shipped_model_in_every_engine(slices: np.ndarray, tmp_path: Path) -> None:
    method = load_model().method
    assert isinstance(method, UNetSlices)
    assert method.parameters is not None
    exact, int8 = find_package(DEFAULT_MODEL) / "model.onnx", tmp_path / "int8.onnx"
    quantize_network(exact, slices, int8)
    assert int8.stat().st_size < 0.4 * exact.stat().st_size
    outputs = [
        Engine(exact, threads=1)(slices),
        Engine(int8, engine="openvino", threads=1)(slices),
        Engine(int8, engine="onnxruntime", threads=1)(slices),
    ]
    masks = [of["probability"] >= method.parameters.threshold for of in outputs]
    assert masks[0].any()
    for one, other in ((0, 1), (0, 2), (1, 2)):
        apart = {name: np.abs(outputs[one][name] - outputs[other][name]) for name in outputs[0]}
        assert 0 < apart["probability"].mean() < INT8_MEAN
        assert apart["slice_probability"].max() < INT8_SLICE
        assert 2 * (masks[one] & masks[other]).sum() / (masks[one].sum() + masks[other].sum()) > INT8_DICE


def one_layer(file: Path, operator: str, output: str = "probability", domain: str = "") -> None:
    """Write a network of one layer for batches of 2 x 4 pixels."""
    of = onnx.helper.make_tensor_value_info("hu", onnx.TensorProto.FLOAT, ["batch", 1, 2, 4])
    to = onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, ["batch", 1, 2, 4])
    node = onnx.helper.make_node(operator, ["hu"], [output], domain=domain)
    opsets = [onnx.helper.make_opsetid("", 18), *([onnx.helper.make_opsetid(domain, 1)] if domain else [])]
    graph = onnx.helper.make_graph([node], "made", [of], [to])
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9), file)


DAMAGES = {
    "no such file": lambda _: None,
    "a folder": Path.mkdir,
    "nothing": lambda file: file.write_bytes(b""),
    "no model": lambda file: file.write_bytes(b"no model"),
    "half a model": lambda file: file.write_bytes(
        (find_package(DEFAULT_MODEL) / "rescorer.onnx").read_bytes()[:90_000]
    ),
    "an unknown operator": lambda file: one_layer(file, "Clot"),
    "an operator of somebody's own": lambda file: one_layer(file, "Clot", domain="somebody.else"),
    "another output": lambda file: one_layer(file, "Sigmoid", "clot"),
}


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "reference"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_not_a_model_is_refused_in_one_line(
    damage: str, engine: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.onnx"
    DAMAGES[damage](file)
    with pytest.raises(BadConfig) as refused:
        Engine(file, engine=engine)
    said = str(refused.value)
    assert re.match(rf"{re.escape(str(file))}: expected an ONNX model( that {engine} can run)?, found \S", said)
    assert "\n" not in said and len(said) < 400 + len(str(file))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "reference"])
def test_a_network_that_an_engine_cannot_run_is_reported_in_one_line(
    engine: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one_layer(tmp_path / "model.onnx", "Sigmoid")
    run = Engine(tmp_path / "model.onnx", engine=engine)
    assert run(np.zeros((3, 1, 2, 4)))["probability"].mean() == 0.5
    with pytest.raises(BadConfig, match=r"run it on an array of shape \(3, 1, 2, 5\), found \w") as refused:
        run(np.zeros((3, 1, 2, 5)))
    assert "\n" not in str(refused.value)
    for error, told in (
        (MemoryError(), "MemoryError"),
        (RuntimeError("Exception from src/x.cpp:1:\nbad\n allocation"), "bad allocation"),
    ):
        monkeypatch.setattr(run, "_run", raising(error))
        with pytest.raises(BadConfig, match=rf"expected {engine} to run it on .* found {told}$"):
            run(np.zeros((3, 1, 2, 4)))
    assert capfd.readouterr() == ("", "")


def raising(error: Exception) -> Callable[[np.ndarray], None]:
    def run(_: np.ndarray) -> None:
        raise error

    return run


@pytest.mark.parametrize("network", ["model.onnx", "rescorer.onnx"])
def test_a_network_that_gives_something_else_is_refused(network: str, tmp_path: Path) -> None:
    package = shutil.copytree(find_package(DEFAULT_MODEL), tmp_path / "package")
    one_layer(package / network, "Sigmoid", "subtype_probability")
    (package / "known-answer.npz").unlink()
    write_sums(package)
    with pytest.raises(BadConfig, match=r"expected a network with the output \w+, found subtype_probability$"):
        load_model(package)


def test_the_reference_is_exact_int8_arithmetic(slices: np.ndarray, tmp_path: Path) -> None:
    """Every convolution's output, byte by byte, against the sum of its integer products."""
    model = onnx.load(find_package(DEFAULT_MODEL) / "model.int8.onnx")
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    layers = list(exact_layers(model.graph, stored))
    assert len(layers) > 20
    wanted = dict.fromkeys(name for layer in layers for name in (layer["input"], layer["output"]))
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in wanted)
    onnx.save(model, tmp_path / "layers.onnx")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(tmp_path / "layers.onnx", options)
    said = dict(zip(wanted, session.run(list(wanted), {"hu": slices[1:2]}), strict=True))
    for layer in layers:
        expected = layer["compute"](said[layer["input"]])
        steps = np.abs(said[layer["output"]].astype(np.int32) - expected)
        assert steps.max() <= 1
        assert np.mean(steps > 0) < 1e-4  # a half rounded the other way


def exact_layers(graph: onnx.GraphProto, stored: dict[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    """The quantized convolutions whose output is quantized at once: their tensors, and what they compute."""
    by_output = {name: node for node in graph.node for name in node.output}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for node in graph.node:
        sources = [by_output.get(name) for name in node.input]
        if node.op_type != "Conv" or any(one is None or one.op_type != "DequantizeLinear" for one in sources):
            continue
        (after,) = users[node.output[0]]
        if after.op_type != "QuantizeLinear":
            continue
        activations, *constants = (list(one.input) for one in sources if one is not None)
        weights, bias = ([stored[name] for name in names] for names in constants)
        padding = next((one.ints[0] for one in node.attribute if one.name == "pads"), 0)
        stride = next((one.ints[0] for one in node.attribute if one.name == "strides"), 1)

        def compute(
            x: np.ndarray, of=(*activations[1:], weights, bias, padding, stride, *after.input[1:])
        ) -> np.ndarray:
            x_scale, x_zero, (w, w_scale, _), (b, _, _), padding, stride, y_scale, y_zero = of
            x_scale, x_zero, y_scale, y_zero = (stored[name] for name in (x_scale, x_zero, y_scale, y_zero))
            sums = torch.nn.functional.conv2d(  # of integers below 2 to the 53rd: exact
                torch.from_numpy(x.astype(np.float64) - float(x_zero)),
                torch.from_numpy(w.astype(np.float64)),
                torch.from_numpy(b.astype(np.float64)),
                padding=padding,
                stride=stride,
            ).numpy()
            scale = float(x_scale) * w_scale.astype(np.float64).reshape(1, -1, 1, 1) / float(y_scale)
            return np.clip(np.rint(sums * scale) + float(y_zero), 0, 255).astype(np.int32)

        yield {"input": activations[0], "output": after.output[0], "compute": compute}


def test_a_changed_package_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(find_package(DEFAULT_MODEL), package)
    load_model(package)
    network = package / "model.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"\0")
    with pytest.raises(BadConfig, match=r"model\.onnx: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}"):
        load_model(package)
    network.unlink()
    with pytest.raises(BadConfig, match="found no such file"):
        load_model(package)


def test_no_such_model() -> None:
    with pytest.raises(BadConfig, match=f"nowhere: expected a model package or one of {DEFAULT_MODEL}, found neither"):
        load_model("nowhere")
