"""Where and in which precision a network is trained: CPU or CUDA, alone or in a DDP group under torchrun."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from lightning_fabric import Fabric

from ichor.errors import BadConfig
from ichor.models.processor import has_bf16
from ichor.train.settings import Precision


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


def everywhere(fabric: Fabric, file: Path) -> bool:
    """Whether the first rank has the file; all ranks must then see it, or some would train while others wait."""
    there = bool(fabric.broadcast(file.exists()))
    if there and not file.exists():
        raise BadConfig(f"{file}: expected a folder shared by all machines, found that this one does not have the file")
    return there
