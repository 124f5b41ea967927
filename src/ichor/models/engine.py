"""Runs an exported network: OpenVINO where it is installed and runs, ONNX Runtime elsewhere.

Both compute a network in fp32 as such, so that they and torch agree to 1e-4 in probability; a test holds them to it.
One in int8 they round each in its own way: means agree to 1e-3, a voxel at a border may differ by more.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.models.cache import read_cached, write_cached
from ichor.models.processor import instruction_set

OUTPUTS = frozenset({"probability", "slice_probability", "subtype_probability"})

Run = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
EngineName = Literal["auto", "openvino", "onnxruntime"]


class Engine:
    """An ONNX model ready to run on the CPU: HU (N, C, H, W) float32 in, its outputs by name out.

    `threads` is how many it may use (all cores if None). `name` says which engine runs it. Raises BadConfig where
    the file is not a model, or where no engine is installed.
    """

    def __init__(self, path: Path, *, engine: EngineName = "auto", threads: int | None = None) -> None:
        self.path = path
        if not path.is_file():
            raise BadConfig(f"{path}: expected an ONNX model, found no such file")
        threads = threads or os.cpu_count() or 1
        if engine == "auto":
            engine = "openvino" if _runs_openvino() else "onnxruntime"
        self.name: str = engine
        start = _openvino if engine == "openvino" else _onnxruntime
        try:
            self._run: Run = start(path, threads)
        except ImportError as error:
            raise BadConfig(f"expected the package {engine}, found none; install {engine}") from error
        except Exception as error:  # the engines raise types of their own
            raise BadConfig(f"{path}: expected an ONNX model that {engine} can run, found {error}") from error

    def __call__(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The model's outputs for a batch."""
        return self._run(np.ascontiguousarray(hu, np.float32))


def _runs_openvino() -> bool:
    try:
        openvino = _import_openvino()
        openvino.Core().get_versions("CPU")  # of all its plugins this loads the one that is needed
    except (ImportError, OSError, RuntimeError):  # no wheel for this machine, or one that its system cannot load
        return False
    return True


def _import_openvino() -> ModuleType:
    """OpenVINO without its model converter, which is slow to import and starts OpenVINO's telemetry.

    OpenVINO does without the converter where that cannot be imported, and it can still be imported later by its name.
    """
    converter = "openvino.tools.ovc"
    if "openvino" in sys.modules or converter in sys.modules:
        return import_module("openvino")
    sys.modules[converter] = None  # type: ignore[assignment] # what Python takes for a module that is not there
    try:
        return import_module("openvino")
    finally:
        del sys.modules[converter]


def _openvino(path: Path, threads: int) -> Run:
    compiled = _compiled(path, threads)
    # OpenVINO gives a tensor further names of its own.
    names = [next(n for n in output.get_names() if n in OUTPUTS) for output in compiled.outputs]

    def run(hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        answers = compiled(hu)
        # Copies, since OpenVINO reuses its own memory at the next call.
        return {name: np.array(answers[i], np.float32) for i, name in enumerate(names)}

    return run


def _compiled(path: Path, threads: int) -> Any:
    """The network compiled by OpenVINO, which takes several times as long as loading what an earlier start compiled."""
    openvino = _import_openvino()
    core = openvino.Core()
    # Unasked, OpenVINO computes in bf16 where the CPU has it, which moves probabilities by up to 1e-2.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    network = hashlib.sha256(path.read_bytes()).hexdigest()
    made_of = (openvino.__version__, instruction_set(), *settings.items(), network)
    name = f"openvino-{hashlib.sha256(repr(made_of).encode()).hexdigest()}"
    kept = read_cached(name)
    if kept is not None:
        with suppress(RuntimeError):  # of another build with the same version: compiled again
            return core.import_model(io.BytesIO(kept), "CPU", settings)
    compiled = core.compile_model(str(path), "CPU", settings)
    write_cached(name, compiled.export_model().getvalue())
    return compiled


def _onnxruntime(path: Path, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0].name
    names = [output.name for output in session.get_outputs()]

    def run(hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return dict(zip(names, session.run(names, {source: hu}), strict=True))

    return run
