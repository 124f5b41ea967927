"""Inference with an exported network: OpenVINO if it is installed and works, otherwise ONNX Runtime.

Both compute fp32 networks in fp32, so that they and torch agree to 1e-4 in probability, which a test verifies. Their
rounding differs for int8: means agree to 1e-3, single voxels at a border may differ by more.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.models.cache import read_cached, write_cached
from ichor.models.processor import instruction_set
from ichor.segmentation import Inference

OUTPUTS = frozenset(
    {"probability", "slice_probability", "subtype_probability", "scan_probability", "candidate_probability"}
)

# The key of `ir_version`, the first field of an ONNX model in protobuf's encoding.
_FIRST_BYTE = b"\x08"
# The operator that every quantized network has.
_QUANTIZED = b"QuantizeLinear"

Run = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
Start = tuple[Run, list[str]]  # the function that runs the network, and the names of its outputs
EngineName = Literal["auto", "openvino", "onnxruntime", "reference"]
_MAX_REASON_LENGTH = 300
_ONNXRUNTIME_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")


class Engine:
    """An ONNX model ready to run on the CPU: HU (N, C, H, W) float32 in, outputs by name.

    `threads` is the number of threads (all cores if None). `name` is the engine's name; `made_by` adds the network's
    precision and the instruction set; `outputs` are the names of its outputs. `reference` is ONNX Runtime with each
    layer computed separately in fp32: for a quantized network that is exact int8 arithmetic on any processor, but slow.
    Raises BadConfig if the file is not a model, no engine is installed, or the network cannot run.
    """

    def __init__(self, path: Path, *, engine: EngineName = "auto", threads: int | None = None) -> None:
        self.path = path
        try:
            content = path.read_bytes()
        except OSError as error:
            reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
            raise BadConfig(f"{path}: expected an ONNX model, found {reason}") from error
        if not content.startswith(_FIRST_BYTE):  # OpenVINO would try other formats, and print messages
            raise BadConfig(f"{path}: expected an ONNX model, found something else")
        self.sha256 = hashlib.sha256(content).hexdigest()
        threads = threads or os.cpu_count() or 1
        if engine == "auto":
            engine = "openvino" if _runs_openvino() else "onnxruntime"
        self.name: str = engine
        self.made_by = Inference(engine, "int8" if _QUANTIZED in content else "fp32", instruction_set(engine))
        try:
            started: Start = _STARTS[engine](path, self.sha256, threads)
        except ImportError as error:
            raise BadConfig(f"expected the package {engine}, found none; install {engine}") from error
        except Exception as error:  # the engines raise their own exception types
            raise BadConfig(f"{path}: expected an ONNX model that {engine} can run, found {_reason(error)}") from error
        self._run, self.outputs = started[0], frozenset(started[1])

    def __call__(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The model's outputs for a batch. Raises BadConfig if the engine cannot compute them."""
        try:
            return self._run(np.ascontiguousarray(hu, np.float32))
        except Exception as error:  # wrong shape, out of memory, ...
            raise BadConfig(
                f"{self.path}: expected {self.name} to run it on an array of shape {hu.shape}, found {_reason(error)}"
            ) from error

    @property
    def version(self) -> str:
        """The engine's version."""
        return version("openvino" if self.name == "openvino" else "onnxruntime")


def _reason(error: Exception) -> str:
    """An engine's error message in one line, without locations in its own code."""
    lines = [" ".join(line.split()) for line in str(error).splitlines()]
    message = " ".join(line for line in lines if line and not line.startswith(("Exception from", "Check '")))
    return (_ONNXRUNTIME_CODE.sub("", message) or type(error).__name__)[:_MAX_REASON_LENGTH]


def _runs_openvino() -> bool:
    try:
        openvino = _import_openvino()
        openvino.Core().get_versions("CPU")  # loads only the required plugin
    except (ImportError, OSError, RuntimeError):  # no wheel for this machine, or one that cannot be loaded
        return False
    return True


def _import_openvino() -> ModuleType:
    """OpenVINO without its model converter, which is slow to import and starts OpenVINO's telemetry.

    OpenVINO works without the converter if it cannot be imported, and it can still be imported later by name.
    """
    converter = "openvino.tools.ovc"
    if "openvino" in sys.modules or converter in sys.modules:
        return import_module("openvino")
    sys.modules[converter] = None  # type: ignore[assignment] # makes Python treat the module as missing
    try:
        return import_module("openvino")
    finally:
        del sys.modules[converter]


def _openvino(path: Path, sha256: str, threads: int) -> Start:
    compiled = _compiled(path, sha256, threads)
    # OpenVINO adds further names to a tensor.
    names = [_known(output.get_names()) for output in compiled.outputs]

    def run(hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        results = compiled(hu)
        # Copies, since OpenVINO reuses its memory in the next call.
        return {name: np.array(results[i], np.float32) for i, name in enumerate(names)}

    return run, names


def _known(names: Collection[str]) -> str:
    """The known name of an output. Raises ValueError if it has none."""
    known = OUTPUTS.intersection(names)
    if not known:
        raise ValueError(
            f"the output {min(names, default='without a name')}, which is none of {', '.join(sorted(OUTPUTS))}"
        )
    return next(iter(known))


def _compiled(path: Path, sha256: str, threads: int) -> Any:
    """The network compiled by OpenVINO; loading the cached result of an earlier start is several times faster."""
    openvino = _import_openvino()
    core = openvino.Core()
    # By default, OpenVINO uses bf16 if the CPU supports it, which changes probabilities by up to 1e-2.
    # It also binds the calling thread to a core, the same one in every process, so that two processes share it.
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    made_of = (openvino.__version__, instruction_set(), *settings.items(), sha256)
    name = f"openvino-{hashlib.sha256(repr(made_of).encode()).hexdigest()}"
    kept = read_cached(name)
    if kept is not None:
        with suppress(RuntimeError):  # from another build of the same version: compile again
            return core.import_model(io.BytesIO(kept), "CPU", settings)
    compiled = core.compile_model(str(path), "CPU", settings)
    write_cached(name, compiled.export_model().getvalue())
    return compiled


def _onnxruntime(path: Path, _sha256: str, threads: int, *, fused: bool = True) -> Start:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # lower levels are also raised as exceptions
    if not fused:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0].name
    names = [_known([output.name]) for output in session.get_outputs()]

    def run(hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return dict(zip(names, session.run(names, {source: hu}), strict=True))

    return run, names


def _reference(path: Path, sha256: str, threads: int) -> Start:
    return _onnxruntime(path, sha256, threads, fused=False)


_STARTS: dict[EngineName, Callable[[Path, str, int], Start]] = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
    "reference": _reference,
}
