"""A compact U-Net on whole slices with an additional output for the slice as a whole.

After Ronneberger et al. 2015 (arXiv:1505.04597), with batch norm (Ioffe and Szegedy 2015; it is folded into the
convolutions at export) and residual blocks (He et al. 2016). The adjacent slices below and above are input channels,
and so are wider windows in addition to the brain window, so that bone and blood can be distinguished: the paper's false
positives are near bone (section 7).

The first convolution receives each 2x2 block of pixels as channels and the last one outputs 2x2 pixels (Shi et al.
2016, arXiv:1609.05158): full resolution in and out at a quarter of the memory traffic, which is the bottleneck on CPUs.

Skip connections that are added rather than concatenated (Chaurasia and Culurciello 2017, arXiv:1707.03718) need less
than half of the operations: features from below are reduced to the skip's width while they are still small.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ichor.nets.windowing import Windowing
from ichor.subtypes import Subtype
from ichor.windows import BONE, BRAIN, SUBDURAL

# Channel 0 is the slice below, 1 the slice itself, 2 the slice above.
N_SLICES = 3
_CHANNELS = ((0, BRAIN), (1, BRAIN), (2, BRAIN), (1, SUBDURAL), (1, BONE))
_BLOCK = 2


class SliceUNet(nn.Module):
    """From HU (N, 3, H, W), H and W multiples of 16, to `logits` (N, 1, H, W) and `slice_logits` (N,).

    `widths` are the numbers of filters of the four levels, at 1/2, 1/4, 1/8 and 1/16 of the resolution. With
    `subtypes`, also to `subtype_logits` (N, 5), in the order of `Subtype`.
    """

    input_channels = N_SLICES

    def __init__(
        self,
        widths: tuple[int, ...],
        dropout: float = 0.0,
        skips: Literal["concatenated", "added"] = "concatenated",
        subtypes: bool = False,
    ) -> None:
        super().__init__()
        self.windowing = Windowing(_CHANNELS)
        n_in = len(_CHANNELS) * _BLOCK**2
        self.down = nn.ModuleList(_Residual(i, o) for i, o in zip([n_in, *widths[:-1]], widths, strict=True))
        pairs = list(pairwise(widths))[::-1]
        if skips == "concatenated":
            self.narrow = nn.ModuleList()
            self.up = nn.ModuleList(_Residual(skip + below, skip) for skip, below in pairs)
        else:
            self.narrow = nn.ModuleList(nn.Conv2d(below, skip, 1, bias=False) for skip, below in pairs)
            self.up = nn.ModuleList(_Residual(skip, skip) for skip, _ in pairs)
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(widths[0], _BLOCK**2, 1)
        self.slice_head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * widths[-1], 1 + len(Subtype) * subtypes))
        # Hemorrhage is rare: start from its frequency rather than from one half.
        nn.init.constant_(self.head.bias, -4.0)

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """Logits for a batch."""
        x = functional.pixel_unshuffle(self.windowing(hu), _BLOCK)
        skips = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        deepest = self.dropout(skips.pop())
        pooled = torch.cat([deepest.mean(dim=(2, 3)), deepest.amax(dim=(2, 3))], dim=1)
        x = deepest
        for level, block in enumerate(self.up):
            skip = skips.pop()
            if self.narrow:
                x = block(skip + functional.interpolate(self.narrow[level](x), scale_factor=2, mode="nearest"))
            else:
                x = block(torch.cat([skip, functional.interpolate(x, scale_factor=2, mode="nearest")], dim=1))
        of_slice = self.slice_head(pooled)
        outputs = {"logits": functional.pixel_shuffle(self.head(x), _BLOCK), "slice_logits": of_slice[:, 0]}
        if of_slice.shape[1] > 1:
            outputs["subtype_logits"] = of_slice[:, 1:]
        return outputs


class _Residual(nn.Module):
    """Two 3x3 convolutions with batch norm, and a 1x1 shortcut."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = nn.Conv2d(n_in, n_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))
