"""Runs the networks on a scan: the U-Net on its slices in batches, then what considers all slices together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichor.methods.base import Forward
from ichor.methods.field import Field, neighbours, stack
from ichor.methods.unet_slices.candidates import Candidates, find_candidates
from ichor.methods.unet_slices.patches import REACH, patches_of
from ichor.methods.unet_slices.rescoring import Rescorer, rescored, slice_features
from ichor.methods.unet_slices.settings import UNetSlicesSettings
from ichor.methods.unet_slices.slice_scores import scan_probability, smoothed
from ichor.methods.unet_slices.thin_slices import averaged_if_thin
from ichor.scan import FloatArray, Scan

_BATCH = 4  # slices in a forward pass: more gains nothing on a CPU and costs memory


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """The networks' output for a scan of n slices, before calibration.

    Attributes:
        field: where the network's field lies on the scan.
        hu: (n, size, size) the slices in the field.
        probability: (n, size, size) the probability that a voxel of the field is hemorrhage.
        slices: `slice_probability` (n,) and, if the network has that head, `subtype_probability` (n, 5).
        scan_probability: the probability that the scan shows hemorrhage.
    """

    field: Field
    hu: NDArray[np.float32]
    probability: NDArray[np.float32]
    slices: dict[str, NDArray[np.float64]]
    scan_probability: float

    def candidates(self, scan: Scan, settings: UNetSlicesSettings) -> Candidates:
        """The regions that the false-positive classifier is applied to."""
        heights_mm = _heights_mm(scan, settings)
        found = find_candidates(
            self.probability, self.hu, self.slices["slice_probability"], heights_mm, settings.pixel_mm
        )
        if settings.candidates == "features":
            return found
        channels = stack(scan.slice_positions_mm, scan.n_slices, settings.neighbour_mm, REACH)
        return replace(found, patches=patches_of(found.labels, self.probability, self.hu, channels, settings.pixel_mm))


def run_networks(
    settings: UNetSlicesSettings,
    forward: Forward,
    rescorer: Rescorer | None,
    scan: Scan,
    hu: NDArray[np.float32],
    field: Field,
) -> NetworkOutput:
    """Run the U-Net on a scan's slices `hu` in its `field`, then the rescorer, if any, on the U-Net's output."""
    voxels, of_slices, features = [], [], []
    for outputs in _batches(settings, forward, scan, hu):
        voxels.append(outputs["probability"])
        of_slices.append({name: of for name, of in outputs.items() if name != "probability"})
        if rescorer is not None:
            features.append(slice_features(outputs))
    slices = {name: np.concatenate([of[name] for of in of_slices]).astype(np.float64) for name in of_slices[0]}
    alone = slices["slice_probability"]
    if rescorer is not None:
        slices = rescored(rescorer, np.concatenate(features), scan.slice_positions_mm, settings.neighbour_mm)
    heights_mm, positions_mm = _heights_without_gaps_mm(scan, settings), _positions_mm(scan, settings)
    if settings.slice_scores == "smoothed":
        slices["slice_probability"] = smoothed(alone, positions_mm, heights_mm)
        of_scan = scan_probability(alone, heights_mm)
    else:
        of_scan = float(slices["slice_probability"].max())
    probability = np.concatenate(voxels)
    voxels.clear()  # a scan of thin slices is large
    probability = averaged_if_thin(probability, positions_mm, heights_mm, scan.thickness_mm, settings.neighbour_mm)
    return NetworkOutput(field, hu, probability, slices, of_scan)


def rescorer_features(
    settings: UNetSlicesSettings, forward: Forward, scan: Scan, hu: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, N_FEATURES) the rescorer's input for a scan with slices `hu` in the network's field."""
    return np.concatenate([slice_features(outputs) for outputs in _batches(settings, forward, scan, hu)])


def _heights_mm(scan: Scan, settings: UNetSlicesSettings) -> FloatArray:
    """(n,) the heights of the scan's slices; if unknown, that of the slices that the network was trained on."""
    heights_mm = scan.slice_heights_mm
    return np.full(scan.n_slices, settings.neighbour_mm) if heights_mm is None else heights_mm


def _heights_without_gaps_mm(scan: Scan, settings: UNetSlicesSettings) -> FloatArray:
    """(n,) the same, but a slice beside a gap, such as where slices are missing, does not stand for half of the gap."""
    heights_mm = _heights_mm(scan, settings)
    if scan.thickness_mm is None:
        return heights_mm
    return np.minimum(heights_mm, np.maximum(scan.thickness_mm, np.median(heights_mm)))


def _positions_mm(scan: Scan, settings: UNetSlicesSettings) -> FloatArray:
    """(n,) the positions of the scan's slices along the head; if unknown, as far apart as in training."""
    positions_mm = scan.slice_positions_mm
    return settings.neighbour_mm * np.arange(scan.n_slices, dtype=np.float64) if positions_mm is None else positions_mm


def _batches(
    settings: UNetSlicesSettings, forward: Forward, scan: Scan, hu: NDArray[np.float32]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    channels = neighbours(scan.slice_positions_mm, scan.n_slices, settings.neighbour_mm)
    for start in range(0, len(channels), _BATCH):
        batch = hu[channels[start : start + _BATCH]]
        yield _mirror_averaged(forward, batch) if settings.mirror else forward(batch)


def _mirror_averaged(forward: Forward, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The outputs for a batch (N, 3, size, size), averaged with those for its left-right mirror image."""
    outputs, mirrored = forward(hu), forward(hu[..., ::-1])
    mirrored["probability"] = mirrored["probability"][..., ::-1]
    return {name: np.mean([outputs[name], mirrored[name]], axis=0) for name in outputs}
