"""The files of a training: a checkpoint after every epoch, the history, and the final weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from ichor.atomic import write_whole
from ichor.errors import BadConfig
from ichor.train.settings import TrainingSettings

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.pt"
HISTORY = "history.jsonl"


def write_checkpoint(fabric: Fabric, folder: Path, state: dict[str, Any]) -> None:
    """Write the state of a training after an epoch, and its history as text; all ranks call it."""
    temporary = folder / f"{CHECKPOINT}.part"
    fabric.save(temporary, state)
    if fabric.global_rank == 0:
        temporary.replace(folder / CHECKPOINT)
        lines = "".join(json.dumps(row) + "\n" for row in state["history"])
        write_whole(folder / HISTORY, lines)
    fabric.barrier()


def resume(fabric: Fabric, checkpoint: Path, state: dict[str, Any]) -> None:
    """Load a checkpoint into the state. Raises BadConfig if it was made with other settings."""
    found = fabric.load(checkpoint)
    _check_settings(checkpoint, found["settings"], state["settings"])
    for key in ("network", "average", "optimizer"):
        if state[key]:
            state[key].load_state_dict(found[key])
    for key in ("epoch", "history", "best"):
        state[key] = found[key]


def write_weights(folder: Path, settings: TrainingSettings, weights: dict[str, torch.Tensor]) -> None:
    """Write the final weights."""
    temporary = folder / f"{WEIGHTS}.part"
    torch.save({"settings": settings.model_dump_json(), "weights": weights}, temporary)
    temporary.replace(folder / WEIGHTS)


def finished(network: nn.Module, settings: TrainingSettings, folder: Path) -> nn.Module:
    """The network in eval mode with the final weights. Raises BadConfig if they were trained with other settings."""
    found = torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)
    _check_settings(folder / WEIGHTS, found["settings"], settings.model_dump_json())
    network.load_state_dict(found["weights"])
    return network.eval()


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """The final weights of the training in `folder`."""
    return torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)["weights"]


def on_cpu(network: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of a network's weights."""
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def _check_settings(file: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise BadConfig(f"{file}: expected a training with the settings {wanted}, found {found}")
