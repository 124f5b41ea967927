"""Trains the networks of a method one after another, on cases in its field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from ichor.methods.deep.prepared import Prepared
from ichor.methods.deep.thresholds import DiceByThreshold, auc_of
from ichor.methods.deep.views import Scans, View, Volume
from ichor.train.forward import TorchForward
from ichor.train.loop import Loss, Validate, train
from ichor.train.losses import detection_loss
from ichor.train.samples import Samples, SliceSamples
from ichor.train.scan_samples import ScanArrays, ScanSamples, VolumeSamples
from ichor.train.settings import TrainingSettings

_FEW = 1e-6


@dataclass(frozen=True)
class Part:
    """A network to train.

    Attributes:
        name: of its folder in the workdir.
        build: makes the network from those trained before it, in order.
        view: how it sees a scan.
        training: its training settings.
        negatives: slices or scans without hemorrhage in an epoch for each one with hemorrhage.
        chosen_by: what rates an epoch on the validation subjects: the AUC of slices, the mean AUC of subtypes among
            slices with hemorrhage, the mean Dice, or the cross-entropy of scans, with both classes weighted equally.
        loss_of: its loss.
    """

    name: str
    build: Callable[[Sequence[nn.Module]], nn.Module]
    view: View
    training: TrainingSettings
    negatives: float = 1.0
    chosen_by: Literal["slices", "subtypes", "voxels", "scans"] = "slices"
    loss_of: Loss = detection_loss


def train_parts(
    parts: Iterable[Part], training: Sequence[Prepared], validation: Sequence[Prepared], workdir: Path
) -> list[nn.Module]:
    """Train the networks, in order; returns them in eval mode. `workdir` gets a folder for each.

    Raises BadConfig if no training case has hemorrhage.
    """
    networks: list[nn.Module] = []
    for part in parts:
        torch.manual_seed(part.training.seed)
        network = part.build(networks)
        validate = validator(part, validation) if len(validation) else None
        samples = samples_of(part.view, training, part.negatives)
        networks.append(train(network, samples, validate, part.training, workdir / part.name, loss_of=part.loss_of))
    return networks


def samples_of(view: View, cases: Sequence[Prepared], negatives: float) -> Samples:
    """The training examples of cases in a view."""
    if isinstance(view, Volume):
        planes = [np.round(view.planes(case.hu, case.positions_mm)).astype(np.int16) for case in cases]
        return VolumeSamples(np.stack(planes), np.stack([case.labels.any(axis=0) for case in cases]), negatives)
    channels = [view.channels(case.positions_mm, len(case.hu)) for case in cases]
    if isinstance(view, Scans):
        scans = [ScanArrays(one.hu, of, one.mask, one.labels) for one, of in zip(cases, channels, strict=True)]
        return ScanSamples(scans, negatives)
    first = np.cumsum([0, *(len(case.hu) for case in cases[:-1])])
    return SliceSamples(
        np.concatenate([case.hu for case in cases]),
        np.concatenate([of + start for of, start in zip(channels, first, strict=True)]),
        np.concatenate([case.mask for case in cases]),
        np.concatenate([case.labels for case in cases]),
        negatives,
    )


def validator(part: Part, cases: Sequence[Prepared]) -> Validate:
    """Rates a network on the validation cases."""

    def validate(network: nn.Module) -> dict[str, float]:
        forward = TorchForward(network)
        dice, slices, subtypes, scans = DiceByThreshold(), [], [], []
        for case in cases:
            outputs = part.view.run(forward, case.hu, case.positions_mm)
            if part.chosen_by == "voxels":
                dice.add(case, outputs["probability"])
            elif part.chosen_by == "scans":
                scans.append(float(outputs["scan_probability"][0]))
            elif part.chosen_by == "subtypes":
                subtypes.append(outputs["subtype_probability"][case.positive])
            else:
                slices.append(outputs["slice_probability"])
        if part.chosen_by == "voxels":
            threshold, best = dice.best()
            return {"score": best, "threshold": threshold}
        if part.chosen_by == "scans":
            truth = np.array([case.labels.any() for case in cases])
            return {"score": -_balanced_cross_entropy(truth, np.array(scans)), "scan_auc": auc_of(truth, scans) or 0.0}
        if part.chosen_by == "subtypes":
            labels, found = np.concatenate([case.labels[case.positive] for case in cases]), np.concatenate(subtypes)
            known = [auc for k in range(labels.shape[1]) if (auc := auc_of(labels[:, k], found[:, k])) is not None]
            return {"score": float(np.mean(known)) if known else 0.0}
        return {"score": auc_of(np.concatenate([case.positive for case in cases]), np.concatenate(slices)) or 0.0}

    return validate


def _balanced_cross_entropy(truth: np.ndarray, probability: np.ndarray) -> float:
    losses = -np.log(np.clip(np.where(truth, probability, 1 - probability), _FEW, 1))
    return float(np.mean([losses[truth == one].mean() for one in (True, False) if (truth == one).any()]))


def n_parameters(networks: Iterable[nn.Module]) -> int:
    """The number of weights of several networks; one that they share counts once."""
    return sum(p.numel() for p in {id(p): p for network in networks for p in network.parameters()}.values())
