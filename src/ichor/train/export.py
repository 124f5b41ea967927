"""Export from torch to ONNX: the network includes the windowing, so its input is HU."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ichor.train.forward import Probabilities, TorchForward

OPSET = 18
_NEAR = 1e-3  # largest difference of probabilities between torch and the exported network
# Cache of exported graphs: tracing takes seconds, and a cross-validation exports many networks of the same shape.
_graphs: dict[tuple[object, ...], Any] = {}


def export_onnx(forward: TorchForward, side: int, file: Path) -> None:
    """Write a network to one ONNX file with a variable batch size, `side` x `side` pixels, and fp32 weights inside.

    Batch norm remains a separate layer, under torch's names, so that training can continue from the file
    (`ichor.train.start`). The engines fold it into the convolutions when they load it. Raises RuntimeError if the
    outputs of the file differ from torch's.
    """
    network = copy.deepcopy(forward.network).to("cpu", memory_format=torch.contiguous_format).eval()
    model, channels = Probabilities(network).eval(), int(network.input_channels)
    shapes = tuple((name, tuple(value.shape)) for name, value in model.state_dict().items())
    key = (type(network), repr(network), shapes, side)
    temporary = file.with_name(f"{file.name}.part")
    if any(isinstance(module, nn.RNNBase) for module in network.modules()):
        _export_recurrent(model, channels, side, temporary)
        if not _agrees(model, channels, side, temporary):
            raise _differs(file)
    elif key not in _graphs or not _exported(_graphs[key], model, channels, side, temporary):
        _graphs[key] = _traced(model, channels, side)
        if not _exported(_graphs[key], model, channels, side, temporary):
            raise _differs(file)
    temporary.replace(file)


def _exported(program: Any, model: nn.Module, channels: int, side: int, file: Path) -> bool:
    """Write the traced network with this model's weights, and return whether its outputs match torch's for noise."""
    import onnx_ir

    initializers = program.model.graph.initializers  # under torch's names
    for name, value in model.state_dict().items():
        if name in initializers:
            initializers[name].const_value = onnx_ir.tensor(value.numpy().copy(), name=name)
    program.save(file, external_data=False)
    return _agrees(model, channels, side, file)


def _differs(file: Path) -> RuntimeError:
    return RuntimeError(f"{file}: expected an exported network with the same outputs as in torch, found different ones")


def _agrees(model: nn.Module, channels: int, side: int, file: Path) -> bool:
    """Whether the exported network's outputs match torch's for noise."""
    from ichor.models.engine import Engine

    hu = np.random.default_rng(0).normal(30, 60, (3, channels, side, side)).astype(np.float32)
    with torch.inference_mode():
        expected = {name: value.numpy() for name, value in model(torch.from_numpy(hu)).items()}
    found = Engine(file, engine="onnxruntime", threads=1)(hu)
    return all(np.abs(found[name] - values).max() < _NEAR for name, values in expected.items())


def _export_recurrent(model: nn.Module, channels: int, side: int, file: Path) -> None:
    """Write a network that reads the slices of a batch as a sequence.

    The newer exporter would fix the number of slices: it hard-codes the reshaping of recurrent layers for its example.
    """
    example = torch.zeros(3, channels, side, side)
    with torch.no_grad(), _quietly():
        names = list(model(example))
        torch.onnx.export(
            model,
            (example,),
            str(file),
            input_names=["hu"],
            output_names=names,
            dynamic_axes={name: {0: "batch"} for name in ("hu", *names)},
            opset_version=OPSET,
            dynamo=False,
        )


def _traced(model: nn.Module, channels: int, side: int) -> Any:
    """The network as exported by torch."""
    from onnxscript.optimizer import fold_constants_ir

    example = torch.zeros(2, channels, side, side)
    with torch.no_grad(), _quietly():
        names = list(model(example))
        program = torch.onnx.export(
            model,
            (example,),
            input_names=["hu"],
            output_names=names,
            opset_version=OPSET,
            dynamic_shapes={"hu": {0: torch.export.Dim("batch", min=1)}},
            dynamo=True,
            verbose=False,
            optimize=False,  # it would fold batch norm
        )
    assert program is not None  # only the old exporter returns None
    fold_constants_ir(program.model)
    return program


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the exporter's warnings about its own internals, and about torchvision, which is not needed."""
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
