"""A package's known answer: right arithmetic passes, saturated sums are found out and the network in fp32 runs."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from ichor.errors import BadConfig
from ichor.methods import load_model
from ichor.methods.unet_slices.method import UNetSlices
from ichor.models import known_answer
from ichor.models.engine import Engine
from ichor.models.known_answer import KNOWN_ANSWER, checked_engine, fault, write_known_answer
from ichor.models.package import DEFAULT_MODEL, find_package, read_config, write_config, write_sums
from ichor.models.processor import LIMIT, instruction_sets

DEMONSTRATION = Path(__file__).resolve().parents[2] / "examples" / "demo-scan"
SHIPPED = find_package(DEFAULT_MODEL)


@pytest.fixture(autouse=True)
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ichor"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the shipped package, of which the int8 network runs."""
    return in_int8(tmp_path / "package")


def in_int8(folder: Path) -> Path:
    """The shipped package copied into `folder`, which is returned, with its int8 network the one that runs."""
    shutil.copytree(SHIPPED, folder)
    write_config(folder, read_config(folder).model_copy(update={"network": "model.int8.onnx"}))
    write_sums(folder)
    return folder


def test_it_says_what_the_networks_of_the_package_say() -> None:
    with np.load(SHIPPED / KNOWN_ANSWER) as known:
        hu = known["hu"]
        assert np.array_equal(hu, known_answer.synthetic_slice(*hu.shape[1:3]))
        for name in ("model.onnx", "model.int8.onnx"):
            for output, values in Engine(SHIPPED / name, engine="reference")(hu.astype(np.float32)).items():
                assert np.abs(values - known[f"{name}/{output}"]).max() < 1e-3
            assert known[f"{name}/probability"].max() > 0.9  # there is something to be wrong about


@pytest.mark.parametrize("network", ["model.onnx", "model.int8.onnx"])
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_every_engine_gives_it(engine: Any, network: str) -> None:
    assert fault(Engine(SHIPPED / network, engine=engine, threads=1), SHIPPED) == ""


IN_A_CHILD = """
import json, sys
from pathlib import Path
from ichor.models.engine import Engine
from ichor.models.known_answer import fault
engine = Engine(Path(sys.argv[1]) / "model.int8.onnx", engine="openvino", threads=1)
print(json.dumps([engine.made_by.instruction_set, fault(engine, Path(sys.argv[1]))]))
"""
OF_OPENVINO = ("AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_AMX")
# What this machine can be held to; on ARM, where nothing can be chosen, what it has.
TRIED = [one for one in OF_OPENVINO if one in instruction_sets()] or ["DEFAULT"]


def lowered(instruction_set: str, package: Path) -> tuple[str, str]:
    """The instruction set and the fault of a process that is held to that set."""
    command = [sys.executable, "-c", IN_A_CHILD, str(package)]
    done = subprocess.run(
        command, env={**os.environ, LIMIT: instruction_set}, check=True, capture_output=True, text=True
    )
    used, wrong = json.loads(done.stdout)
    return used, wrong


@pytest.mark.parametrize("one", TRIED)
def test_every_instruction_set_that_this_machine_has_gives_it(one: str) -> None:
    used, wrong = lowered(one, SHIPPED)
    assert wrong == ""
    assert one in (used, "DEFAULT")


@pytest.fixture(scope="module")
def saturating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped package with weights of 8 bits: all doubled, their scales halved, which exact arithmetic cannot tell.

    Where pairs of products are added in 16 bits, as processors without VNNI do, its sums saturate.
    """
    package = in_int8(tmp_path_factory.mktemp("saturating") / "package")
    file = package / "model.int8.onnx"
    model = onnx.load(file)
    stored = {one.name: one for one in model.graph.initializer}
    sources = {node.output[0]: node.input for node in model.graph.node if node.op_type == "DequantizeLinear"}
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in sources:
            weights, scale = (stored[name] for name in sources[node.input[1]][:2])
            doubled = np.minimum(2 * numpy_helper.to_array(weights).astype(np.int32), 127)
            weights.CopyFrom(numpy_helper.from_array(doubled.astype(np.int8), weights.name))
            halved = (numpy_helper.to_array(scale) / 2).astype(np.float32)
            scale.CopyFrom(numpy_helper.from_array(halved, scale.name))
    onnx.save(model, file)
    write_known_answer(package, ["model.onnx", "model.int8.onnx"])
    write_sums(package)
    return package


@pytest.mark.parametrize("one", TRIED)
def test_saturated_sums_are_detected(saturating: Path, one: str) -> None:
    _, wrong = lowered(one, saturating)
    expected = (
        r"probability differs by 0\.0\d\d, more than the 0\.01 of rounding" if one in ("AVX2", "AVX512_CORE") else ""
    )
    assert re.fullmatch(expected, wrong)


def test_exact_arithmetic_saturates_nowhere(saturating: Path) -> None:
    assert fault(Engine(saturating / "model.int8.onnx", engine="reference"), saturating) == ""


@pytest.mark.skipif("AVX2" not in instruction_sets(), reason="needs a processor that saturates: any x86 with AVX2")
def test_if_the_int8_network_computes_wrong_values_fp32_is_run_with_a_warning(saturating: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "ichor", "screen", DEMONSTRATION, "--model", saturating, "--out", out]
    done = subprocess.run(command, env={**os.environ, LIMIT: "AVX2"}, check=True, capture_output=True, text=True)
    found = json.loads((out / "demo-scan" / "findings.json").read_text())
    ran = found["method"]["inference"]
    assert (ran["engine"], ran["precision"], ran["instruction_set"]) == ("openvino", "fp32", "AVX2")
    assert ran["warning"].startswith(
        "openvino with AVX2 computes the model's int8 network incorrectly on this machine ("
    )
    assert ran["warning"] in found["scan"]["warnings"]
    assert f"ichor: warning: {ran['warning']}\n" in done.stderr
    report = html.unescape((out / "demo-scan" / "report.html").read_text())
    assert ran["warning"] in report
    assert "run by openvino in fp32 with the instruction set AVX2" in report


def test_a_network_is_tried_once(package: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(package / "model.int8.onnx", engine="onnxruntime", threads=1)
    assert fault(engine, package) == ""
    assert [file.name[:13] for file in cached.iterdir()] == ["known-answer-"]
    monkeypatch.setattr(Engine, "__call__", lambda *_: pytest.fail("expected what was kept, found it tried again"))
    assert fault(engine, package) == ""
    monkeypatch.setattr(Engine, "version", property(lambda _: "another"))
    with pytest.raises(BaseException, match="found it tried again"):
        fault(engine, package)


def test_it_is_tried_each_time_if_nothing_can_be_stored(package: Path, cached: Path) -> None:
    cached.parent.write_text("a file where the folder should be")
    engine = Engine(package / "model.int8.onnx", engine="onnxruntime", threads=1)
    assert fault(engine, package) == ""
    assert fault(engine, package) == ""


def wrong_here(engine: Engine, _: Path) -> str:
    return "slice probability off by 0.500" if engine.made_by.precision == "fp32" else ""


def test_where_the_network_in_fp32_computes_wrong_nothing_runs(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_answer, "fault", wrong_here)
    assert checked_engine(package, "model.int8.onnx", 1).made_by.precision == "int8"
    with pytest.raises(BadConfig, match=r"model\.onnx: expected its known answer from \w+ with \w+, found slice prob"):
        checked_engine(package, "model.onnx", 1)


def test_a_package_without_one_loads(package: Path) -> None:
    (package / KNOWN_ANSWER).unlink()
    write_sums(package)
    method = load_model(package).method
    assert isinstance(method, UNetSlices) and isinstance(method.forward, Engine)
    assert method.forward.made_by.precision == "int8"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "No data left in file"),
        (b"no archive", "Cannot load file|allow_pickle"),
        ({"hu": np.zeros((1, 3, 352, 352), np.int16)}, r"expected the known answer of model\.int8\.onnx, found none"),
        ({"model.int8.onnx/probability": np.zeros((1, 352, 352), np.float32)}, "expected a known answer, found "),
        (
            {"hu": np.zeros((1, 3, 9, 9), np.int16), "model.int8.onnx/probability": np.zeros((1, 9, 9), np.float32)},
            r"expected \w+ to run it on an array of shape \(1, 3, 9, 9\), found ",
        ),
        (
            {"hu": np.zeros((1, 3, 352, 352), np.int16), "model.int8.onnx/slices": np.zeros(1, np.float32)},
            r"expected the outputs of model\.int8\.onnx, found others",
        ),
    ],
)
def test_a_damaged_one_is_refused_in_one_line(package: Path, content: Any, found: str) -> None:
    if isinstance(content, bytes):
        (package / KNOWN_ANSWER).write_bytes(content)
    else:
        np.savez(package / KNOWN_ANSWER, **content)
    write_sums(package)
    with pytest.raises(BadConfig, match=found) as refused:
        load_model(package)
    assert "\n" not in str(refused.value)
