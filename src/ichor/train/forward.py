"""A torch network as the `Forward` used by methods: numpy in, probabilities out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_OF_LOGITS = {
    "slice_logits": "slice_probability",
    "subtype_logits": "subtype_probability",
    "scan_logits": "scan_probability",
}


class Probabilities(nn.Module):
    """A network whose logits are converted to probabilities; this is what is exported.

    From HU (N, C, H, W) to those of `probability` (N, H, W), `slice_probability` (N,), `subtype_probability` (N, 5) and
    `scan_probability` (N,) that the network gives, as logits or as probabilities.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The probabilities of a batch."""
        outputs = self.network(hu)
        named = {}
        if "logits" in outputs:
            named["probability"] = outputs["logits"][:, 0].float().sigmoid()
        for logits, name in _OF_LOGITS.items():
            if logits in outputs:
                named[name] = outputs[logits].float().sigmoid()
        for name in ("probability", *_OF_LOGITS.values()):
            if name in outputs:
                named[name] = outputs[name].float()
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
