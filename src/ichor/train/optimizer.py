"""The optimizer of a training, and the learning rate of each of its steps."""

from __future__ import annotations

import math

import torch
from torch import nn

from ichor.train.settings import TrainingSettings


def optimizer_of(network: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """The optimizer of the settings, for the weights of a network.

    If the network has a method `parameter_groups`, it returns the weights in groups (`params`) with a `share_of_rate`
    each, a factor of the learning rate.
    """
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    groups = getattr(network, "parameter_groups", network.parameters)
    return kind(groups(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step, for each group its share of `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("share_of_rate", 1.0)


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
