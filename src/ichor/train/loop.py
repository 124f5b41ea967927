"""The training loop, for CPU, CUDA, bf16, and DDP under torchrun.

The random numbers of every epoch derive from (seed, epoch, step, rank), so an interrupted and resumed run gives the
same weights as an uninterrupted one; on CPU in fp32 they are identical.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ichor.errors import BadConfig
from ichor.train.augmentation import draw
from ichor.train.checkpoint import CHECKPOINT, WEIGHTS, finished, on_cpu, resume, write_checkpoint, write_weights
from ichor.train.crops import choose_centres, labels_within
from ichor.train.devices import everywhere, make_fabric, possible_precision
from ichor.train.losses import loss_of
from ichor.train.optimizer import learning_rate, optimizer_of, set_rate
from ichor.train.progress import EpochProgress
from ichor.train.samples import Batch, Samples
from ichor.train.settings import TrainingSettings

Validate = Callable[[nn.Module], dict[str, float]]
Loss = Callable[[dict[str, Tensor], Batch, TrainingSettings], Tensor]


def train(
    network: nn.Module,
    samples: Samples,
    validate: Validate | None,
    settings: TrainingSettings,
    folder: Path,
    *,
    loss_of: Loss = loss_of,
    quiet: bool = False,
) -> nn.Module:
    """Train `network` on `samples`; return it in eval mode with the weights selected by `settings.keep`.

    `validate` returns metrics by name; `score` among them rates the weights (higher is better). None if there is no
    validation data: the last weights are kept. `folder` receives checkpoint.pt after every epoch, history.jsonl and, at
    the end, weights.pt; training resumes from a folder that already contains some of these. `loss_of` gives the loss of
    a batch from the network's outputs; the learning rate of its parts can differ (see `ichor.train.optimizer`). `quiet`
    shows no progress, for training many small networks. Raises BadConfig if the folder's checkpoint was made with other
    settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    precision = possible_precision(settings.precision)
    fabric = make_fabric(precision)
    # First of all: results depend on the memory format in the last digits.
    network = network.to(memory_format=_memory_format(network))
    if everywhere(fabric, folder / WEIGHTS):
        return finished(network, settings, folder).to(fabric.device)

    torch.manual_seed(settings.seed)
    bare = network  # without the DDP wrapper: for validation on one rank, and for saving
    average = None
    if settings.average_decay is not None:
        average = AveragedModel(bare, multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay), use_buffers=True)
        average = average.to(fabric.device)
    model, optimizer = fabric.setup(network, optimizer_of(network, settings))
    kept = bare if average is None else average.module  # whose weights are validated and saved
    after_step = None if average is None else partial(average.update_parameters, bare)
    steps = _Steps(model, optimizer, samples, loss_of, settings, fabric, after_step)
    state: dict[str, Any] = {
        "settings": settings.model_dump_json(),
        "network": model,
        "average": average or {},
        "optimizer": optimizer,
        "epoch": 0,
        "history": [],
        "best": None,
    }
    if everywhere(fabric, folder / CHECKPOINT):
        resume(fabric, folder / CHECKPOINT, state)

    shown = fabric.global_rank == 0 and not quiet
    with EpochProgress(settings.epochs, state["history"], enabled=shown) as progress:
        while state["epoch"] < settings.epochs and not _should_stop(state["history"], settings):
            epoch, started = state["epoch"], time.perf_counter()
            row = steps.epoch(epoch, progress)
            if validate and ((epoch + 1) % settings.validate_every == 0 or epoch + 1 == settings.epochs):
                if fabric.global_rank == 0:
                    with torch.no_grad():
                        row |= validate(kept.eval())
                row = fabric.broadcast(row)
                if state["best"] is None or row["score"] > _best_score(state["history"]):
                    state["best"] = on_cpu(kept)
            row |= {"precision": precision, "seconds": round(time.perf_counter() - started, 2)}
            state["history"] = [*state["history"], row]
            state["epoch"] = epoch + 1
            write_checkpoint(fabric, folder, state)
            progress.epoch(row)

    if fabric.global_rank == 0:
        best = state["best"] if settings.keep == "best" else None
        write_weights(folder, settings, best or on_cpu(kept))
    fabric.barrier()
    # All ranks load the first one's weights, since batch norm statistics differ between ranks.
    return finished(bare, settings, folder)


@dataclass(frozen=True)
class _Steps:
    """All that a step of training needs; `after` is called after each."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    samples: Samples
    loss_of: Loss
    settings: TrainingSettings
    fabric: Fabric
    after: Callable[[], None] | None

    def epoch(self, epoch: int, progress: EpochProgress) -> dict[str, Any]:
        """Take the steps of an epoch; return its row of the history. Raises BadConfig at a loss that is not finite."""
        settings, fabric, rank = self.settings, self.fabric, self.fabric.global_rank
        indices = _share(self.samples.epoch(_rng(settings, epoch)), settings.batch, fabric)
        torch.manual_seed(int(_rng(settings, epoch, rank).integers(2**62)))  # dropout
        self.model.train()
        total = 0.0
        for step, chosen in enumerate(indices):
            rng = _rng(settings, epoch, rank, step)
            batch = _changed(self.samples.batch(chosen, fabric.device), settings, epoch, rng)
            rate = learning_rate(settings, epoch, step, len(indices))
            set_rate(self.optimizer, rate)
            outputs = self.model(batch.hu.contiguous(memory_format=torch.channels_last))
            loss = self.loss_of(outputs, batch, settings)
            if not torch.isfinite(loss):
                raise BadConfig(f"expected a finite loss, found {loss.item()} in epoch {epoch + 1}; lower the rate")
            fabric.backward(loss)
            self.optimizer.step()
            self.optimizer.zero_grad()
            if self.after is not None:
                self.after()
            total += loss.item()
            progress.step(step + 1, len(indices))
        return {"epoch": epoch + 1, "loss": total / len(indices), "learning_rate": rate}


def _rng(settings: TrainingSettings, *place: int) -> np.random.Generator:
    # The length distinguishes draws per epoch, rank and step, since SeedSequence pads with zeros.
    return np.random.default_rng([settings.seed, len(place), *place])


def _share(indices: np.ndarray, batch: int, fabric: Fabric) -> list[np.ndarray]:
    """This rank's batches of an epoch; all ranks get the same number, padded with the first samples."""
    world = fabric.world_size
    mine = np.resize(indices, math.ceil(len(indices) / world) * world)[fabric.global_rank :: world]
    return [mine[start : start + batch] for start in range(0, len(mine), batch)]


def _changed(batch: Batch, settings: TrainingSettings, epoch: int, rng: np.random.Generator) -> Batch:
    """The batch as used in an epoch: augmented and, except in the last epochs, cropped to squares."""
    changes = draw(settings.augmentation, len(batch.hu), rng)
    if batch.together:
        changes = changes.of_first()
    if settings.crop is None or epoch >= settings.epochs - settings.whole_epochs:
        hu, mask = changes.apply(batch.hu, batch.mask)
        return replace(batch, hu=hu, mask=mask)
    centres = choose_centres(batch, settings.crop, rng)
    hu, mask = changes.onto(centres, settings.crop, batch.hu.shape[-1]).apply(batch.hu, batch.mask)
    return labels_within(replace(batch, hu=hu, mask=mask))


def _memory_format(network: nn.Module) -> torch.memory_format:
    """Channels last, which is faster; in three dimensions torch has another format for that, which is not."""
    flat = all(p.ndim < 5 for p in network.parameters())
    return torch.channels_last if flat else torch.contiguous_format


def _best_score(history: list[dict[str, Any]]) -> float:
    return max(row["score"] for row in history if "score" in row)


def _should_stop(history: list[dict[str, Any]], settings: TrainingSettings) -> bool:
    scores = [row["score"] for row in history if "score" in row]
    if settings.patience is None or not scores:
        return False
    return len(scores) - 1 - int(np.argmax(scores)) >= settings.patience
