"""A torch network as the `Forward` used by methods: numpy in, probabilities out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class Probabilities(nn.Module):
    """A network whose logits are converted to probabilities; this is what is exported.

    From HU (N, C, H, W) to `probability` (N, H, W) and, if the network has these heads, `slice_probability` (N,) and
    `subtype_probability` (N, 5).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The probabilities of a batch."""
        outputs = self.network(hu)
        named = {"probability": outputs["logits"][:, 0].float().sigmoid()}
        if "slice_logits" in outputs:
            named["slice_probability"] = outputs["slice_logits"].float().sigmoid()
        if "subtype_logits" in outputs:
            named["subtype_probability"] = outputs["subtype_logits"].float().sigmoid()
        return named


class TorchForward:
    """Runs a torch network on numpy batches, on the device of its weights."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()
        self._probabilities = Probabilities(self.network)

    def __call__(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The network's outputs for a batch, in float32."""
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            batch = torch.from_numpy(np.ascontiguousarray(hu)).to(device).contiguous(memory_format=torch.channels_last)
            return {name: value.cpu().numpy() for name, value in self._probabilities(batch).items()}
