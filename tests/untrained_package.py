"""A model package with the subtype head, in moments: the network is the real one, tiny and untrained."""

from __future__ import annotations

from pathlib import Path

import torch

from ichor.dataset.ct_ich import CtIch
from ichor.methods.field import neighbours
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.settings import Parameters
from ichor.models.package import Training, read_config, write_config
from ichor.nets.slice_unet import SliceUNet
from ichor.train.forward import TorchForward
from synthetic_scans import synthetic_head

WIDTHS = (4, 4, 8, 8)


def untrained_method(*, subtypes: bool = True) -> UNetSlices:
    """`unet-slices` with random weights, a threshold that lets it mark something, and answers that differ by slice."""
    torch.manual_seed(0)
    method = UNetSlices(pixel_mm=3.2, size=64, widths=WIDTHS)
    network = SliceUNet(WIDTHS, subtypes=subtypes)
    scan = synthetic_head(n=8, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0)
    hu, _ = method.field_of(scan)
    batch = torch.from_numpy(hu[neighbours(scan.slice_positions_mm, scan.n_slices, 5.0)])
    network.train()
    with torch.no_grad():
        for _ in range(50):  # batch norm that knows the features' mean and spread, or else all slices look alike
            network(batch)
        if subtypes:
            logits = network.eval()(batch)["subtype_logits"]
            head = network.slice_head[-1]
            head.weight[1:] /= logits.std(dim=0)[:, None]
            head.bias[1:] = (head.bias[1:] - logits.mean(dim=0)) / logits.std(dim=0)
    method.forward = TorchForward(network)
    method.parameters = Parameters(threshold=0.03, head_mm=180)
    return method


def write_untrained_run(folder: Path, data: Path) -> Path:
    """A run on `data` into `folder`, which is returned: only fold 2 is fitted, by a network that is not trained."""
    training = Training(
        experiment="untrained",
        fingerprint=CtIch(data).fingerprint,
        fold=2,
        training_subjects=("060",),
        test_subjects=("051", "052"),
    )
    write_package(folder / "fold-2" / "model", training=training)
    return folder


def write_package(folder: Path, *, subtypes: bool = True, training: Training | None = None) -> Path:
    """Save it as a package into `folder`, which is returned; `training` is what it says of that."""
    untrained_method(subtypes=subtypes).save(folder)
    write_config(folder, read_config(folder).model_copy(update={"training": training}))
    return folder
