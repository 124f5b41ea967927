"""The training loop, for CPU, CUDA, bf16, and DDP under torchrun.

The random numbers of every epoch derive from (seed, epoch, step, rank), so an interrupted and resumed run gives the
same weights as an uninterrupted one; on CPU in fp32 they are identical.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ichor.atomic import write_whole
from ichor.errors import BadConfig
from ichor.models.processor import has_bf16
from ichor.train.augmentation import draw
from ichor.train.crops import choose_centres, labels_within
from ichor.train.losses import loss_of
from ichor.train.progress import EpochProgress
from ichor.train.samples import Batch, Samples
from ichor.train.settings import Precision, TrainingSettings

Validate = Callable[[nn.Module], dict[str, float]]
Loss = Callable[[dict[str, Tensor], Batch, TrainingSettings], Tensor]

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.pt"
HISTORY = "history.jsonl"


def train(  # noqa: PLR0915 (a single loop is easier to read)
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
    a batch from the network's outputs. If the network has a method `parameter_groups`, it returns the weights in groups
    (`params`) with a `share_of_rate` each, a factor of the learning rate. `quiet` shows no progress, for training many
    small networks. Raises BadConfig if the folder's checkpoint was made with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    precision = possible_precision(settings.precision)
    fabric = make_fabric(precision)
    # First of all: results depend on the memory format in the last digits.
    network = network.to(memory_format=_memory_format(network))
    if everywhere(fabric, folder / WEIGHTS):
        return _finished(network, settings, folder).to(fabric.device)

    torch.manual_seed(settings.seed)
    bare = network  # without the DDP wrapper: for validation on one rank, and for saving
    average = None
    if settings.average_decay is not None:
        average = AveragedModel(bare, multi_avg_fn=get_ema_multi_avg_fn(settings.average_decay), use_buffers=True)
        average = average.to(fabric.device)
    model, optimizer = fabric.setup(network, _optimizer(network, settings))
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
        _resume(fabric, folder / CHECKPOINT, state)

    shown = fabric.global_rank == 0 and not quiet
    with EpochProgress(settings.epochs, state["history"], enabled=shown) as progress:
        while state["epoch"] < settings.epochs and not _should_stop(state["history"], settings):
            epoch, started = state["epoch"], time.perf_counter()
            indices = _share(samples.epoch(_rng(settings, epoch)), settings.batch, fabric)
            torch.manual_seed(int(_rng(settings, epoch, fabric.global_rank).integers(2**62)))  # dropout
            model.train()
            total = 0.0
            for step, chosen in enumerate(indices):
                rng = _rng(settings, epoch, fabric.global_rank, step)
                batch = _changed(samples.batch(chosen, fabric.device), settings, epoch, rng)
                rate = learning_rate(settings, epoch, step, len(indices))
                for group in optimizer.param_groups:
                    group["lr"] = rate * group.get("share_of_rate", 1.0)
                outputs = model(batch.hu.contiguous(memory_format=torch.channels_last))
                loss = loss_of(outputs, batch, settings)
                if not torch.isfinite(loss):
                    raise BadConfig(f"expected a finite loss, found {loss.item()} in epoch {epoch + 1}; lower the rate")
                fabric.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
                if average is not None:
                    average.update_parameters(bare)
                total += loss.item()
                progress.step(step + 1, len(indices))

            row: dict[str, Any] = {"epoch": epoch + 1, "loss": total / len(indices), "learning_rate": rate}
            if validate and ((epoch + 1) % settings.validate_every == 0 or epoch + 1 == settings.epochs):
                chosen_weights = average.module if average is not None else bare
                if fabric.global_rank == 0:
                    with torch.no_grad():
                        row |= validate(chosen_weights.eval())
                row = fabric.broadcast(row)
                if state["best"] is None or row["score"] > _best_score(state["history"]):
                    state["best"] = _on_cpu(chosen_weights)
            row |= {"precision": precision, "seconds": round(time.perf_counter() - started, 2)}
            state["history"] = [*state["history"], row]
            state["epoch"] = epoch + 1
            _checkpoint(fabric, folder, state)
            progress.epoch(row)

    if fabric.global_rank == 0:
        kept = state["best"] if settings.keep == "best" and state["best"] is not None else None
        weights = kept or _on_cpu(average.module if average is not None else bare)
        temporary = folder / f"{WEIGHTS}.part"
        torch.save({"settings": settings.model_dump_json(), "weights": weights}, temporary)
        temporary.replace(folder / WEIGHTS)
    fabric.barrier()
    return _finished(
        bare, settings, folder
    )  # all ranks load the first one's weights, since batch norm statistics differ between ranks


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """The final weights of the training in `folder`."""
    return torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)["weights"]


def possible_precision(wanted: Precision) -> Precision:
    """The precision to train in: fp32 in place of bf16 on a processor that has no instructions for bf16."""
    return wanted if torch.cuda.is_available() or has_bf16() else "32-true"


def make_fabric(precision: Precision = "32-true") -> Fabric:
    """Fabric on the available accelerator; under torchrun one process of a DDP group, on its nodes."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    fabric = Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=local,
        num_nodes=world // local,
        strategy="ddp" if world > 1 else "auto",
        precision=precision,
    )
    fabric.launch()
    return fabric


def learning_rate(settings: TrainingSettings, epoch: int, step: int, steps: int) -> float:
    """The learning rate of a step; a pure function, so that no state has to be restored."""
    done, whole = epoch * steps + step, settings.epochs * steps
    if settings.schedule == "inverse-time":
        return settings.learning_rate / (1 + settings.learning_rate / settings.epochs * done)
    if settings.schedule == "cosine":
        warm = max(1, whole // 10)
        if done < warm:
            return settings.learning_rate * (done + 1) / warm
        return settings.learning_rate * (1 + math.cos(math.pi * (done - warm) / max(1, whole - warm))) / 2
    return settings.learning_rate


def _memory_format(network: nn.Module) -> torch.memory_format:
    """Channels last, which is faster; in three dimensions torch has another format for that, which is not."""
    flat = all(p.ndim < 5 for p in network.parameters())
    return torch.channels_last if flat else torch.contiguous_format


def _optimizer(network: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    groups = getattr(network, "parameter_groups", network.parameters)
    return kind(groups(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True)


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


def _best_score(history: list[dict[str, Any]]) -> float:
    return max(row["score"] for row in history if "score" in row)


def _should_stop(history: list[dict[str, Any]], settings: TrainingSettings) -> bool:
    scores = [row["score"] for row in history if "score" in row]
    if settings.patience is None or not scores:
        return False
    return len(scores) - 1 - int(np.argmax(scores)) >= settings.patience


def _on_cpu(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def _checkpoint(fabric: Fabric, folder: Path, state: dict[str, Any]) -> None:
    fabric.save(folder / f"{CHECKPOINT}.part", state)
    if fabric.global_rank == 0:
        (folder / f"{CHECKPOINT}.part").replace(folder / CHECKPOINT)
        lines = "".join(json.dumps(row) + "\n" for row in state["history"])
        write_whole(folder / HISTORY, lines)
    fabric.barrier()


def _resume(fabric: Fabric, checkpoint: Path, state: dict[str, Any]) -> None:
    found = fabric.load(checkpoint)
    _check_settings(checkpoint, found["settings"], state["settings"])
    for key in ("network", "average", "optimizer"):
        if state[key]:
            state[key].load_state_dict(found[key])
    for key in ("epoch", "history", "best"):
        state[key] = found[key]


def _finished(network: nn.Module, settings: TrainingSettings, folder: Path) -> nn.Module:
    found = torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)
    _check_settings(folder / WEIGHTS, found["settings"], settings.model_dump_json())
    network.load_state_dict(found["weights"])
    return network.eval()


def _check_settings(file: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise BadConfig(f"{file}: expected a training with the settings {wanted}, found {found}")


def everywhere(fabric: Fabric, file: Path) -> bool:
    """Whether the first rank has the file; all ranks must then see it, or some would train while others wait."""
    there = bool(fabric.broadcast(file.exists()))
    if there and not file.exists():
        raise BadConfig(f"{file}: expected a folder shared by all machines, found that this one does not have the file")
    return there
