"""What training costs on this machine, measured on a few steps before anything is trained."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ichor.dataset.base import Dataset
from ichor.experiments.config import ExperimentConfig
from ichor.methods.loading import load_model
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.simulated import simulated_slices
from ichor.nets.slice_unet import N_SLICES, SliceUNet
from ichor.subtypes import Subtype
from ichor.train.augmentation import draw
from ichor.train.crops import choose_centres, labels_within
from ichor.train.devices import make_fabric, possible_precision
from ichor.train.losses import loss_of
from ichor.train.samples import Batch
from studies.robustness.conditions import Condition
from studies.robustness.predictions import row_under

_STEPS = 4  # timed, after one that is not
_RESCORER_S = 60.0  # the recurrent network and the export


@dataclass(frozen=True)
class Cost:
    """What a network costs, in seconds of one core.

    Attributes:
        step_s: for one training step.
        steps: of one network, trained without two blocks.
        copies_s: for making the simulated copies of its training scans.
        precision: the precision of training here.
    """

    step_s: float
    steps: int
    copies_s: float
    precision: str

    @property
    def network_h(self) -> float:
        """Core-hours for one network."""
        return (self.step_s * self.steps + self.copies_s + _RESCORER_S) / 3600

    def as_json(self) -> dict[str, Any]:
        """For cost.json."""
        return {
            "step_s": round(self.step_s, 3),
            "steps": self.steps,
            "copies_s": round(self.copies_s),
            "precision": self.precision,
            "network_core_h": round(self.network_h, 2),
        }


def cost_of(config: ExperimentConfig, dataset: Dataset, subjects: list[str]) -> Cost:
    """The cost of one network trained on these subjects.

    Seconds are processor time on one thread, which other programs hardly affect.
    """
    method = UNetSlices(**config.settings)
    settings = method.settings
    positive = np.concatenate([dataset.truth(s).positive for s in subjects])
    n = int(positive.sum()) + min(int((~positive).sum()), round(settings.negatives * int(positive.sum())))
    steps = -(-n // settings.training.batch) * settings.training.epochs * settings.members
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return Cost(_step_s(settings), steps, _copies_s(method, dataset, subjects), _precision(settings))
    finally:
        torch.set_num_threads(threads)


def prediction_s(dataset: Dataset, subjects: list[str], conditions: Sequence[Condition]) -> float:
    """Seconds of the process for predicting one subject under all conditions and for its calibration.

    Measured with the shipped model, whose network has the same size, on one subject.
    """
    method = load_model(threads=1).method
    assert isinstance(method, UNetSlices)
    case = dataset.case(subjects[0])
    started = time.process_time()
    for condition in conditions:
        row_under(condition, method, case)
    # Each subject is predicted once more when it is calibrated on, and once calibrated.
    method.calibration_evidence(case)
    method.predict(case.scan)
    return time.process_time() - started


def _precision(settings: Any) -> str:
    return str(possible_precision(settings.training.precision))


def _step_s(settings: Any) -> float:
    training = settings.training
    torch.manual_seed(0)
    network = SliceUNet(settings.widths, settings.dropout, settings.skips, training.subtype_loss > 0)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fabric = make_fabric(possible_precision(training.precision))
    model, optimizer = fabric.setup(network, torch.optim.AdamW(network.parameters(), fused=True))
    side, rng, spent = settings.size, np.random.default_rng(0), 0.0
    hu: Tensor = torch.randn(training.batch, N_SLICES, side, side) * 30 + 30
    mask = torch.zeros(training.batch, 1, side, side)
    mask[::2, :, 60:90, 60:90] = 1
    positive = mask.amax(dim=(1, 2, 3))
    batch = Batch(hu, mask, positive, positive[:, None].repeat(1, len(Subtype)))
    for step in range(1 + _STEPS):
        started = time.process_time()
        changes = draw(training.augmentation, len(hu), rng)
        if training.crop is not None:
            changes = changes.onto(choose_centres(batch, training.crop, rng), training.crop, side)
        changed = labels_within(Batch(*changes.apply(hu, mask), positive, batch.subtypes))
        outputs = model(changed.hu.contiguous(memory_format=torch.channels_last))
        fabric.backward(loss_of(outputs, changed, training))
        optimizer.step()
        optimizer.zero_grad()
        spent += (time.process_time() - started) * (step > 0)
    return spent / _STEPS


def _copies_s(method: UNetSlices, dataset: Dataset, subjects: list[str]) -> float:
    """Measured on one scan with hemorrhage and one without."""
    if not method.settings.simulation.copies:
        return 0.0
    bleeding = {s: bool(dataset.truth(s).positive.any()) for s in subjects}
    chosen = [next((s for s in subjects if bleeding[s] is bleeds), subjects[0]) for bleeds in (True, False)]
    started = time.process_time()
    for subject in chosen:
        case = dataset.case(subject)
        hu, field = method.field_of(case.scan)
        simulated_slices(method.settings, case, hu, field.resample_mask(case.mask))
    return (time.process_time() - started) * len(subjects) / len(chosen)
