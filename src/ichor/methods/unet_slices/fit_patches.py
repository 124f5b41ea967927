"""Trains the network that classifies candidate lesions by their surroundings."""

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

from ichor.methods.unet_slices.calibrate import fit_false_positive_classifier
from ichor.methods.unet_slices.candidates import FEATURES
from ichor.methods.unet_slices.evidence import Evidence
from ichor.methods.unet_slices.patches import SHAPE, PatchClassifier, network_input
from ichor.nets.candidate_net import CandidateNet

_MEMBERS, _EPOCHS, _BATCH = 2, 40, 32
_RATE, _DECAY = 1e-3, 5e-2
_SHIFT_PX, _NOISE = 2, 0.03
_SEED = 2019


class TorchCandidates:
    """Runs the networks in torch: (m, F + patch) to `candidate_probability` (m,)."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        self.network = _Probability(members).eval()

    def __call__(self, candidates: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The probabilities of m candidates."""
        with torch.inference_mode():
            return {"candidate_probability": self.network(torch.from_numpy(candidates)).numpy()}

    def export(self, file: Path) -> None:
        """Write it as ONNX, for any number of candidates."""
        temporary = file.with_name(f"{file.name}.part")
        example = torch.zeros(2, len(FEATURES) + int(np.prod(SHAPE)))
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                copy.deepcopy(self.network).eval(),
                (example,),
                str(temporary),
                input_names=["candidates"],
                output_names=["candidate_probability"],
                dynamic_axes={name: {0: "candidates"} for name in ("candidates", "candidate_probability")},
                opset_version=18,
                dynamo=False,
            )
        temporary.replace(file)


def fit_patch_classifier(evidence: Sequence[Evidence]) -> PatchClassifier | None:
    """Fit the network on the candidate lesions of these cases; None if too few are true, or too few false.

    It starts from the logistic regression on the features. The result is deterministic.
    """
    logistic = fit_false_positive_classifier(evidence)
    if logistic is None:
        return None
    some = [one for one in evidence if not one.excluded and one.patches is not None]
    inputs = np.concatenate([network_input(one.features, one.patches) for one in some if one.patches is not None])
    true = np.concatenate([one.true for one in some]).astype(np.float32)
    weights = torch.tensor([logistic.weights[name] for name in FEATURES], dtype=torch.float32)
    with torch.random.fork_rng(devices=()):
        members = [
            _train(torch.from_numpy(inputs), torch.from_numpy(true), weights, logistic.intercept, _SEED + k)
            for k in range(_MEMBERS)
        ]
    return PatchClassifier(TorchCandidates(members), logistic.elsewhere)


def _train(inputs: Tensor, true: Tensor, weights: Tensor, intercept: float, seed: int) -> CandidateNet:
    torch.manual_seed(seed)
    network = CandidateNet(SHAPE, weights, intercept)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    for _ in range(_EPOCHS):
        for chosen in torch.split(torch.randperm(len(inputs)), _BATCH):
            logits = network(_varied(inputs[chosen]))["candidate_logits"]
            torch.autograd.backward(functional.binary_cross_entropy_with_logits(logits, true[chosen]))
            optimizer.step()
            optimizer.zero_grad()
    return network.eval()


def _varied(inputs: Tensor) -> Tensor:
    """Candidates with their patches mirrored, upside down, shifted, and a little noisier."""
    n = len(FEATURES)
    patches = inputs[:, n:].reshape(-1, *SHAPE)
    flips = torch.rand(len(inputs), 2) < 0.5
    patches = torch.where(flips[:, :1, None, None, None], patches.flip(4), patches)
    patches = torch.where(flips[:, 1:, None, None, None], patches.flip(2), patches)
    rows, columns = torch.randint(-_SHIFT_PX, _SHIFT_PX + 1, (2,)).tolist()
    patches = patches.roll((rows, columns), (3, 4)) + _NOISE * torch.randn_like(patches)
    return torch.cat([inputs[:, :n], patches.flatten(1)], dim=1)


class _Probability(nn.Module):
    """The probability of the mean logit of several networks."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, candidates: Tensor) -> Tensor:
        logits = [member(candidates)["candidate_logits"] for member in self.members]
        return torch.stack(logits).mean(dim=0).sigmoid()
