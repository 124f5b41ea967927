"""Weights to start a training from: those of an earlier training, or of a model package's exported network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ichor.errors import BadConfig
from ichor.models.package import NETWORK
from ichor.train.loop import WEIGHTS, read_weights

_EXPORTED_AS = "network."  # the attribute of `ichor.train.forward.Probabilities`
_NOT_EXPORTED = ".num_batches_tracked"  # batch norm's count, which nothing here uses


def load_weights(network: nn.Module, folder: Path) -> None:
    """Give `network` the weights that a training in `folder` ended with, or those of the model package in it.

    Raises BadConfig where a package's do not fit the network.
    """
    if (folder / WEIGHTS).exists():
        network.load_state_dict(read_weights(folder))
    else:
        load_exported(network, folder / NETWORK)


def load_exported(network: nn.Module, file: Path) -> None:
    """Give `network` the weights and batch norm's statistics of an ONNX file of `ichor.train.export`.

    Raises BadConfig where one is missing, as in a network that was exported with its batch norm folded away or in
    int8, or where one has another shape.
    """
    found = _initializers(file)
    for name, value in network.state_dict().items():
        if name.endswith(_NOT_EXPORTED):
            continue
        if name not in found:
            raise BadConfig(
                f"{file}: expected a network in fp32 with its batch norm, as Ichor now exports them, found no {name}"
            )
        if found[name].shape != value.shape:
            raise BadConfig(f"{file}: expected {name} of shape {[*value.shape]}, found {[*found[name].shape]}")
    network.load_state_dict(found, strict=False)  # the file has constants of its own beside


def _initializers(file: Path) -> dict[str, torch.Tensor]:
    """The arrays in an ONNX file by the names of the network's state. Raises BadConfig where it is none."""
    import onnx
    from onnx.numpy_helper import to_array

    try:
        model = onnx.load(file)
    except Exception as error:  # protobuf raises types of its own
        raise BadConfig(f"{file}: expected an ONNX model, found {error}") from error
    return {
        one.name.removeprefix(_EXPORTED_AS): torch.from_numpy(to_array(one).copy()) for one in model.graph.initializer
    }
