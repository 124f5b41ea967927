"""Trains the rescorer: a GRU over the trained network's output for its own training scans."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ichor.errors import BadConfig
from ichor.methods.unet_slices.rescoring import Rescorer
from ichor.nets.ensemble import Ensemble
from ichor.nets.slice_gru import SliceGRU

_MEMBERS = 3  # they cost next to nothing, and a single one depends on its seed
_EPOCHS = 40
_RATE = 2e-3
_DECAY = 1e-2
# The network is more confident on its training scans than on new ones, hence noise: a share of each feature's
# standard deviation.
_NOISE = 0.3


class TorchRescorer:
    """Runs the torch network as a `Rescorer`: features (n, F) to probabilities by name."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    def __call__(self, features: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Compute probabilities for the slices of one scan."""
        with torch.inference_mode():
            read = _Probabilities(self.network)(torch.from_numpy(np.ascontiguousarray(features)))
        return {name: values.numpy() for name, values in read.items()}

    def export(self, file: Path) -> None:
        """Write it as ONNX, with a variable number of slices."""
        network = _Probabilities(copy.deepcopy(self.network).to("cpu")).eval()
        names = ["slice_probability", "subtype_probability"]
        temporary = file.with_name(f"{file.name}.part")
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The newer exporter would fix the number of slices: it hard-codes a GRU's reshape for the example input.
            torch.onnx.export(
                network,
                (torch.zeros(5, len(self.network.members[0].mean)),),
                str(temporary),
                input_names=["features"],
                output_names=names,
                dynamic_axes={name: {0: "slices"} for name in ("features", *names)},
                opset_version=18,
                dynamo=False,
            )
        temporary.replace(file)


def train_rescorer(features: Sequence[NDArray[np.float32]], labels: Sequence[NDArray[np.bool_]], seed: int) -> Rescorer:
    """Train a rescorer on scans: the `features` (n, F) of each, and the `labels` (n, 5) of its slices.

    The result is deterministic. Raises BadConfig if there is no scan.
    """
    if not features:
        raise BadConfig("expected scans with the subtypes of their slices to train the rescorer on, found none")
    every = torch.from_numpy(np.concatenate(features))
    scans = [(torch.from_numpy(one), torch.from_numpy(of).float()) for one, of in zip(features, labels, strict=True)]
    with torch.random.fork_rng(devices=()):
        members = [_train(scans, every.mean(dim=0), every.std(dim=0) + 1e-3, seed + k) for k in range(_MEMBERS)]
    return TorchRescorer(Ensemble(members))


def _train(scans: list[tuple[Tensor, Tensor]], mean: Tensor, deviation: Tensor, seed: int) -> SliceGRU:
    torch.manual_seed(seed)
    network = SliceGRU(mean, deviation)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    rng = np.random.default_rng(seed)
    for _ in range(_EPOCHS):
        for i in rng.permutation(len(scans)):
            features, labels = scans[i]
            if rng.random() < 0.5:  # reverse the order of the slices
                features, labels = features.flip(0), labels.flip(0)
            output = network(features + _NOISE * deviation * torch.randn_like(features))
            logits = torch.cat([output["slice_logits"][:, None], output["subtype_logits"]], dim=1)
            wanted = torch.cat([labels.amax(dim=1, keepdim=True), labels], dim=1)
            functional.binary_cross_entropy_with_logits(logits, wanted).backward()
            optimizer.step()
            optimizer.zero_grad()
    return network.eval()


class _Probabilities(nn.Module):
    """Gives probabilities under the names of an engine's outputs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        read = self.network(features)
        return {
            "slice_probability": read["slice_logits"].sigmoid(),
            "subtype_probability": read["subtype_logits"].sigmoid(),
        }
