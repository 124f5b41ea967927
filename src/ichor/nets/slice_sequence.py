"""A recurrent network over the slices of a scan, on the features of a network that sees each slice.

Bidirectional GRU (Cho et al. 2014, arXiv:1406.1078) or LSTM (Hochreiter and Schmidhuber 1997). With a GRU, Grad-CAM
(Selvaraju et al. 2017, arXiv:1610.02391) shows where on a slice the evidence for its own logit lies. It needs the
gradient of the logit with respect to the slice's features, which is written out here, so that it is part of the
exported network, which has no automatic differentiation.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from ichor.nets.slice_classifier import N_LOGITS, attention_map

_ENCODER_SHARE = 0.01  # of the learning rate


class SliceSequence(nn.Module):
    """From HU (n, C, H, W) of a scan's n slices in order to `slice_logits` (n,), `subtype_logits` (n, 5) and more.

    `encoder` gives the `n_features` features of each slice by its method `features`, and further outputs, which are
    passed on. It was trained before. Its batch norm keeps its statistics, since those of a single scan differ too much
    from the training set's; so nothing else keeps its features in their range, and it learns at a hundredth of the
    rate. Each direction has half as many states as there are features. With `attention`, `probability` (n, H, W) is the
    attention map of each slice.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        kind: Literal["gru", "lstm"] = "gru",
        dropout: float = 0.3,
        attention: bool = False,
    ) -> None:
        super().__init__()
        self.encoder, self.attention = encoder, attention
        self.input_channels = encoder.input_channels
        self.dropout = nn.Dropout(dropout)
        hidden = max(1, encoder.n_features // 2)
        self.along = (nn.GRU if kind == "gru" else nn.LSTM)(encoder.n_features, hidden, bidirectional=True)
        self.head = nn.Linear(2 * hidden, N_LOGITS)

    def train(self, mode: bool = True) -> SliceSequence:
        """Training mode for all but the encoder's batch norm."""
        super().train(mode)
        self.encoder.train(False)
        return self

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The weights by their share of the learning rate."""
        own = [*self.along.parameters(), *self.head.parameters()]
        return [
            {"params": own, "share_of_rate": 1.0},
            {"params": list(self.encoder.parameters()), "share_of_rate": _ENCODER_SHARE},
        ]

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """The outputs for the slices of one scan."""
        features, maps, further = self.encoder.features(hu)
        features = features.float()
        along = self.along(self.dropout(features)[:, None])[0][:, 0]
        logits = self.head(self.dropout(along))
        outputs = {**further, "slice_logits": logits[:, 0], "subtype_logits": logits[:, 1:]}
        if self.attention and not self.training:
            weights = self.gradient(features, along)
            outputs["probability"] = attention_map(maps, weights, logits[:, 0], hu.shape[-1])
        return outputs

    def gradient(self, features: Tensor, along: Tensor) -> Tensor:
        """(n, F) the gradient of each slice's presence logit with respect to its own features (n, F).

        `along` (n, 2 * hidden) are the states of the GRU: a slice's features reach its logit through one step of each
        direction only, which starts from the state of the slice before it.
        """
        hidden = self.along.hidden_size
        nothing = torch.zeros_like(along[:1, :hidden])
        forwards = torch.cat([nothing, along[:-1, :hidden]])
        backwards = torch.cat([along[1:, hidden:], nothing])
        weight = self.head.weight[0]
        return self._of_step(features, forwards, weight[:hidden], "") + self._of_step(
            features, backwards, weight[hidden:], "_reverse"
        )

    def _of_step(self, features: Tensor, before: Tensor, weight: Tensor, direction: str) -> Tensor:
        """The gradient of `weight` (hidden,) times the state after a step from the states `before` (n, hidden)."""

        def of(name: str) -> tuple[Tensor, ...]:
            return getattr(self.along, f"{name}_l0{direction}").chunk(3)  # reset, update and new

        (w_r, w_z, w_n), (u_r, u_z, u_n) = of("weight_ih"), of("weight_hh")
        (b_r, b_z, b_n), (c_r, c_z, c_n) = of("bias_ih"), of("bias_hh")
        reset = torch.sigmoid(features @ w_r.T + b_r + before @ u_r.T + c_r)
        update = torch.sigmoid(features @ w_z.T + b_z + before @ u_z.T + c_z)
        recalled = before @ u_n.T + c_n
        new = torch.tanh(features @ w_n.T + b_n + reset * recalled)
        through_new = weight * (1 - update) * (1 - new**2)
        through_update = weight * (before - new) * update * (1 - update)
        through_reset = through_new * recalled * reset * (1 - reset)
        return through_new @ w_n + through_update @ w_z + through_reset @ w_r
