"""Several networks as one: their logits averaged (Lakshminarayanan et al. 2017, arXiv:1612.01474)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """Members of one architecture, trained apart; takes what each of them takes and gives the mean of each output."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def input_channels(self) -> int:
        """Those of a member that takes slices."""
        return int(self.members[0].input_channels)

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        """The mean logits of a batch."""
        answers = [member(batch) for member in self.members]
        return {name: torch.stack([answer[name] for answer in answers]).mean(dim=0) for name in answers[0]}
