"""The paper's U-Net.

Hssayeni et al. 2019 (arXiv:1910.08643), Figure 3 and section 4, after Ronneberger et al. 2015 (arXiv:1505.04597);
details that the paper omits are as in the authors' released code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ichor.nets.windowing import Windowing
from ichor.windows import BRAIN

PAPER_WIDTH = 64
PAPER_PARAMETERS = 31_031_685


class UNet(nn.Module):
    """Two 3x3 convolutions per level, four levels down to 16 x `width` filters and back up; sigmoid at the end.

    The input is HU (N, 1, H, W) with H and W multiples of 16, converted to the brain window; the output is a dictionary
    with `logits` (N, 1, H, W) of hemorrhage. At width 64 it has 31,031,685 parameters. `seen` replaces the brain window
    by another module, which gives `channels` channels.
    """

    input_channels = 1

    def __init__(self, width: int = PAPER_WIDTH, seen: nn.Module | None = None, channels: int = 1) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        self.windowing = Windowing([(0, BRAIN)]) if seen is None else seen
        self.down = nn.ModuleList(_double(i, o) for i, o in zip([channels, *widths[:3]], widths[:4], strict=True))
        self.bottleneck = _double(widths[3], widths[4])
        self.up = nn.ModuleList(_UpConvolution(2 * w, w) for w in reversed(widths[:4]))
        self.expand = nn.ModuleList(_double(2 * w, w) for w in reversed(widths[:4]))
        self.dropout = nn.Dropout(0.5)  # after level 4 and after the bottleneck (released code)
        self.maps = nn.Conv2d(width, 2, 3, padding=1)
        self.head = nn.Conv2d(2, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)

    def forward(self, hu: Tensor) -> dict[str, Tensor]:
        """Logits for a batch."""
        x = self.windowing(hu)
        skips = []
        for level, block in enumerate(self.down):
            x = block(x)
            if level == 3:
                x = self.dropout(x)
            skips.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = self.dropout(self.bottleneck(x))
        for up, block in zip(self.up, self.expand, strict=True):
            x = block(torch.cat([skips.pop(), up(x)], dim=1))
        return {"logits": self.head(torch.relu(self.maps(x)))}


class _UpConvolution(nn.Module):
    """Nearest-neighbor 2x upsampling, then a 2x2 "same" convolution and ReLU; "same" pads at the bottom and right."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(n_in, n_out, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
        return torch.relu(self.convolution(nn.functional.pad(x, (0, 1, 0, 1))))


def _double(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(n_out, n_out, 3, padding=1),
        nn.ReLU(inplace=True),
    )
