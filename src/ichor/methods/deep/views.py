"""How a network sees a scan: slice by slice, all slices in order, or one volume of a fixed depth.

Slices are in a network's field (`ichor.methods.field`), (n, size, size) HU. Each view runs a network on a scan and
returns its outputs by name: `probability` (n, size, size), `slice_probability` (n,), `subtype_probability` (n, 5) and
`scan_probability` (1,), as far as the network has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.methods.base import Forward
from ichor.methods.field import stack, tile_corners

Outputs = dict[str, NDArray[np.float32]]
_BATCH = 8  # slices in a forward pass: more gains nothing on a CPU and costs memory


@dataclass(frozen=True)
class Slices:
    """Each slice with `reach` slices `distance_mm` apart on either side as channels; slices are independent."""

    reach: int = 0
    distance_mm: float = 5.0

    def channels(self, positions_mm: NDArray[np.float64] | None, n: int) -> NDArray[np.int64]:
        """(n, 2 * reach + 1) the indices of the slices that are shown with each slice."""
        return stack(positions_mm, n, self.distance_mm, self.reach)

    def run(self, forward: Forward, hu: NDArray[np.generic], positions_mm: NDArray[np.float64] | None) -> Outputs:
        """The network's outputs for a scan's slices at ascending positions (n,), or None if those are unknown."""
        channels = self.channels(positions_mm, len(hu))
        return joined(
            [forward(hu[channels[k : k + _BATCH]].astype(np.float32)) for k in range(0, len(channels), _BATCH)]
        )


@dataclass(frozen=True)
class Scans(Slices):
    """The same slices, but all of a scan in one batch, in order, for a network that reads them as a sequence.

    Thin slices are read as several interleaved scans whose slices are as far apart as in training.
    """

    def run(self, forward: Forward, hu: NDArray[np.generic], positions_mm: NDArray[np.float64] | None) -> Outputs:
        """The network's outputs for a scan's slices at ascending positions (n,), or None if those are unknown."""
        n, step = len(hu), 1
        if positions_mm is not None and n > 1:
            step = max(1, round(self.distance_mm / float(np.median(np.diff(positions_mm)))))
        channels, found = self.channels(positions_mm, n), dict[str, NDArray[np.float32]]()
        for first in range(min(step, n)):
            for name, values in forward(hu[channels[first::step]].astype(np.float32)).items():
                found.setdefault(name, np.empty((n, *values.shape[1:]), np.float32))[first::step] = values
        return found


@dataclass(frozen=True)
class Tiles(Slices):
    """Overlapping square tiles of each slice; the probabilities of its voxels are averaged where tiles overlap."""

    tile: int = 160
    stride: int = 80

    def run(self, forward: Forward, hu: NDArray[np.generic], positions_mm: NDArray[np.float64] | None) -> Outputs:
        """The voxels' probabilities, of a network that has no other output. Raises ValueError if tiles do not fit."""
        corners = tile_corners(hu.shape[1], self.tile, self.stride)
        probability = np.zeros(hu.shape, np.float32)
        times = np.zeros(hu.shape[1:], np.float32)
        for row, column in corners:
            times[row : row + self.tile, column : column + self.tile] += 1
        for one, channels in zip(probability, self.channels(positions_mm, len(hu)), strict=True):
            shown = hu[channels].astype(np.float32)
            tiles = np.stack([shown[:, r : r + self.tile, c : c + self.tile] for r, c in corners])
            for (r, c), found in zip(corners, forward(tiles)["probability"], strict=True):
                one[r : r + self.tile, c : c + self.tile] += found
        return {"probability": probability / times}


@dataclass(frozen=True)
class Volume:
    """The scan as one volume of `depth` planes, evenly spaced from its lowest to its highest slice."""

    depth: int

    def planes(self, hu: NDArray[np.generic], positions_mm: NDArray[np.float64] | None) -> NDArray[np.float32]:
        """(depth, size, size) HU, interpolated linearly between slices."""
        n = len(hu)
        positions = np.arange(n, dtype=np.float64) if positions_mm is None else positions_mm
        places = np.interp(np.linspace(positions[0], positions[-1], self.depth), positions, np.arange(n))
        below = np.minimum(places.astype(int), max(n - 2, 0))
        above = np.minimum(below + 1, n - 1)
        share = (places - below).astype(np.float32)[:, None, None]
        return np.asarray(hu[below] * (1 - share) + hu[above] * share, np.float32)

    def run(self, forward: Forward, hu: NDArray[np.generic], positions_mm: NDArray[np.float64] | None) -> Outputs:
        """The network's outputs for the scan as a whole."""
        return forward(self.planes(hu, positions_mm)[None])


View = Slices | Volume


def joined(outputs: list[Outputs]) -> Outputs:
    """The outputs of several batches, one after another."""
    return {name: np.concatenate([each[name] for each in outputs]) for name in outputs[0]}
