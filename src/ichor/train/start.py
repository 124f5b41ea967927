"""Initial weights for training: those of an earlier training, or of a model package's exported network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ichor.errors import BadConfig
from ichor.models.package import NETWORK
from ichor.train.checkpoint import WEIGHTS, read_weights

_EXPORTED_AS = "network."  # the attribute of `ichor.train.forward.Probabilities`
_NOT_EXPORTED = ".num_batches_tracked"  # batch norm's counter, which is not used


def load_weights(network: nn.Module, folder: Path) -> None:
    """Load the final weights of the training in `folder`, or those of the model package in it, into `network`.

    Raises BadConfig if a package's weights do not fit the network.
    """
    if (folder / WEIGHTS).exists():
        network.load_state_dict(read_weights(folder))
    else:
        load_exported(network, folder / NETWORK)


def load_exported(network: nn.Module, file: Path) -> None:
    """Load weights and batch norm statistics from an ONNX file written by `ichor.train.export` into `network`.

    Raises BadConfig if one is missing, as in a network that was exported in int8 or with batch norm folded, or if one
    has another shape.
    """
    found = _initializers(file)
    for name, value in network.state_dict().items():
        if name.endswith(_NOT_EXPORTED):
            continue
        if name not in found:
            raise BadConfig(
                f"{file}: expected an fp32 network with separate batch norm, as exported by Ichor now, found no {name}"
            )
        if found[name].shape != value.shape:
            raise BadConfig(f"{file}: expected {name} of shape {[*value.shape]}, found {[*found[name].shape]}")
    network.load_state_dict(found, strict=False)  # the file contains further constants


def _initializers(file: Path) -> dict[str, torch.Tensor]:
    """The arrays in an ONNX file by the names of the network's state. Raises BadConfig if it is not ONNX."""
    import onnx
    from onnx.numpy_helper import to_array

    try:
        model = onnx.load(file)
    except Exception as error:  # protobuf raises its own exception types
        raise BadConfig(f"{file}: expected an ONNX model, found {error}") from error
    return {
        one.name.removeprefix(_EXPORTED_AS): torch.from_numpy(to_array(one).copy()) for one in model.graph.initializer
    }
