"""An ensemble of networks: their outputs averaged (Lakshminarayanan et al. 2017, arXiv:1612.01474)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """Independently trained networks with the same inputs and outputs; gives the mean of each output."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def input_channels(self) -> int:
        """The input channels of its members, which take slices."""
        return int(self.members[0].input_channels)

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        """The mean outputs for a batch."""
        outputs = [member(batch) for member in self.members]
        return {name: torch.stack([output[name] for output in outputs]).mean(dim=0) for name in outputs[0]}
