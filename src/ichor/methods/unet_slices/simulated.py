"""Simulated copies of a training scan in the network's field."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.methods.field import neighbours
from ichor.methods.unet_slices.settings import UNetSlicesSettings
from ichor.scan import FloatArray, Scan
from ichor.simulate.draw import Copy, simulated


@dataclass(frozen=True, eq=False)
class SimulatedSlices:
    """The n slices of a copy.

    Attributes:
        hu: (n, size, size) int16.
        mask: (n, size, size) bool.
        neighbours: (n, 3) the slices shown with each; a picture by itself is shown three times.
        labels: (n, 5) bool.
        focus: (n, 2) row and column of a voxel of a mimic; -1 without.
    """

    hu: NDArray[np.int16]
    mask: NDArray[np.bool_]
    neighbours: NDArray[np.int64]
    labels: NDArray[np.bool_]
    focus: NDArray[np.int64]


def simulated_slices(
    settings: UNetSlicesSettings, case: Case, hu: NDArray[np.float32], mask: NDArray[np.bool_]
) -> list[SimulatedSlices]:
    """Copies of a case with slices `hu` and `mask` (n, size, size) in the network's field.

    They depend on the training's seed, the subject and the number of the copy only: whichever other subjects are
    trained on, the copies of one are the same.
    """
    own = _in_field(settings, case, hu, mask)
    made = []
    for number in range(settings.simulation.copies):
        seed = [settings.training.seed, *case.subject.encode(), number]
        rng = np.random.default_rng(seed)
        made.append(_slices_of(settings, simulated(own, settings.simulation, rng), rng))
    return made


def _in_field(settings: UNetSlicesSettings, case: Case, hu: NDArray[np.float32], mask: NDArray[np.bool_]) -> Case:
    """The case with its slices in the network's field as its own grid."""
    n, known, heights = len(hu), case.scan.slice_positions_mm, case.scan.slice_heights_mm
    along: FloatArray = settings.neighbour_mm * np.arange(n, dtype=np.float64) if known is None else known
    scan = Scan(
        voxels=hu,
        source=case.scan.source,
        pixel_mm=np.full((n, 2), settings.pixel_mm),
        positions_mm=np.outer(along, [0.0, 0.0, 1.0]),
        thickness_mm=np.full(n, settings.neighbour_mm) if heights is None else heights,
    )
    return replace(case, scan=scan, delineation=mask)


def _slices_of(settings: UNetSlicesSettings, copy: Copy, rng: np.random.Generator) -> SimulatedSlices:
    scan, n = copy.case.scan, copy.case.scan.n_slices
    own = np.tile(np.arange(n)[:, None], (1, 3))
    focus = np.full((n, 2), -1)
    if copy.mimic is not None:
        for k in np.flatnonzero(copy.mimic.any(axis=(1, 2))):
            places = np.argwhere(copy.mimic[k])
            focus[k] = places[rng.integers(len(places))]
    return SimulatedSlices(
        hu=np.clip(np.round(np.asarray(scan.hu, np.float32)), -2000, 6000).astype(np.int16),
        mask=copy.case.mask,
        neighbours=own if copy.alone else neighbours(scan.slice_positions_mm, n, settings.neighbour_mm),
        labels=copy.case.labels,
        focus=focus,
    )
