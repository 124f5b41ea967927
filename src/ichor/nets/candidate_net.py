"""A small 3-D network on patches around candidate lesions, after those that reduce false positives in lung nodule
detection (Dou et al. 2017, IEEE Trans Biomed Eng 64:1558).

It adds to the logit of a logistic regression on a few features of the candidate, and starts from adding nothing: with
few candidates to learn from, it is as good as that regression.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_WIDTHS = (8, 16, 24)


class CandidateNet(nn.Module):
    """From (m, F + patch) to `candidate_logits` (m,): F features, then a patch of `shape` (C, D, H, W), flattened.

    `weights` (F,) and `intercept` are those of the regression, which are kept. H and W are multiples of 4.
    """

    def __init__(
        self, shape: tuple[int, int, int, int], weights: Tensor, intercept: float, dropout: float = 0.4
    ) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("weights", weights)
        self.register_buffer("intercept", torch.tensor(float(intercept)))
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(zip((shape[0], *_WIDTHS[:-1]), _WIDTHS, strict=True)):
            stride = (1, 2, 2) if i < len(_WIDTHS) - 1 else 1
            layers += [nn.Conv3d(n_in, n_out, 3, stride, padding=1), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * _WIDTHS[-1], 1))
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, candidates: Tensor) -> dict[str, Tensor]:
        """Logits of m candidates."""
        features, patches = candidates[:, : len(self.weights)], candidates[:, len(self.weights) :]
        found = self.body(patches.reshape(-1, *self.shape))
        middle = found[:, :, self.shape[1] // 2].amax(dim=(2, 3))
        added = self.head(torch.cat([found.mean(dim=(2, 3, 4)), middle], dim=1))[:, 0]
        return {"candidate_logits": features @ self.weights + self.intercept + added}
