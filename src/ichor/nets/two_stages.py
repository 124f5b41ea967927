"""Two networks in a row: the first finds hemorrhage, the second tells the subtypes of what is found."""

from __future__ import annotations

from torch import Tensor, nn


class TwoStages(nn.Module):
    """From HU (N, C, H, W) to the outputs of `presence` except its subtypes, and `subtype_probability` (N, 5).

    That of a subtype is the probability of hemorrhage times that of the subtype, if there is hemorrhage, by `subtypes`.
    """

    def __init__(self, presence: nn.Module, subtypes: nn.Module) -> None:
        super().__init__()
        self.presence, self.subtypes = presence, subtypes
        self.input_channels = presence.input_channels

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for a batch."""
        outputs = {name: values for name, values in self.presence(hu).items() if name != "subtype_logits"}
        found = outputs["slice_logits"].float().sigmoid()[:, None]
        return {**outputs, "subtype_probability": found * self.subtypes(hu)["subtype_logits"].float().sigmoid()}
