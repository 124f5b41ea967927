"""A small bidirectional GRU over a scan's slices (Cho et al. 2014, arXiv:1406.1078; Grewal et al. 2018 for hemorrhage
on CT, arXiv:1710.04934), on features that another network computes for each slice.
"""

from __future__ import annotations

from torch import Tensor, nn

from ichor.subtypes import Subtype


class SliceGRU(nn.Module):
    """From features (n, F) of n consecutive slices to `slice_logits` (n,) and `subtype_logits` (n, 5).

    `mean` and `deviation` (F,) normalize the features; they are computed on the training slices.
    """

    def __init__(self, mean: Tensor, deviation: Tensor, width: int = 32, dropout: float = 0.3) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.narrow = nn.Sequential(nn.Dropout(dropout), nn.Linear(len(mean), width), nn.ReLU(), nn.Dropout(dropout))
        self.along = nn.GRU(width, width, bidirectional=True)
        self.head = nn.Linear(2 * width, 1 + len(Subtype))

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Logits of the slices of one scan."""
        narrow = self.narrow((features - self.mean) / self.deviation)
        along = self.along(narrow[:, None])[0][:, 0]  # one scan is a batch of one
        of_slice = self.head(along)
        return {"slice_logits": of_slice[:, 0], "subtype_logits": of_slice[:, 1:]}
