"""A model package with the subtype head, in moments: the network is the real one, untrained and tiny."""

from __future__ import annotations

from pathlib import Path

import torch

from ichor.methods.settings import SlicesChosen
from ichor.methods.unet_slices import UNetSlices
from ichor.nets.slice_unet import SliceUNet
from ichor.train.forward import TorchForward

WIDTHS = (4, 4, 8, 8)


def untrained_method(*, subtypes: bool = True) -> UNetSlices:
    """`unet-slices` with random weights, whose thresholds let it mark something."""
    torch.manual_seed(0)
    method = UNetSlices(pixel_mm=3.2, size=64, widths=WIDTHS)
    method.model = "untrained"
    method.forward = TorchForward(SliceUNet(WIDTHS, subtypes=subtypes))
    method.chosen = SlicesChosen(threshold=0.018, slice_threshold=0.0, head_mm=180)
    return method


def write_package(folder: Path, *, subtypes: bool = True) -> Path:
    """Save it as a package into `folder`, which is returned."""
    untrained_method(subtypes=subtypes).save(folder)
    return folder
