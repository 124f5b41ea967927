"""The method: the paper's third experiment, its U-Net on tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ichor.methods.base import Forward
from ichor.methods.field import Field, resample_to_field, tile_corners
from ichor.methods.morphology import close_then_open
from ichor.methods.network import inference_of, load_network, save_network
from ichor.methods.saving import unfitted
from ichor.methods.unet_tiles.settings import Parameters, UNetTilesSettings
from ichor.orientation import from_radiological
from ichor.scan import Scan
from ichor.segmentation import MadeBy, RawOutput, Segmentation, Task, VoxelMap

if TYPE_CHECKING:
    from ichor.dataset.case import Case


class UNetTiles:
    """Segments tiles with the paper's U-Net, averages where they overlap, thresholds, closes and opens."""

    name = "unet-tiles"
    task = Task.SEGMENT
    postprocess_settings = frozenset({"threshold", "morphology", "stretch"})

    def __init__(self, **settings: Any) -> None:
        self.settings = UNetTilesSettings(**settings)
        self.parameters: Parameters | None = None
        self.forward: Forward | None = None

    @property
    def corners(self) -> NDArray[np.int64]:
        """(tiles, 2) first row and column of each tile of the field; 7 x 7 = 49 with the paper's settings."""
        return tile_corners(self.settings.size, self.settings.tile, self.settings.stride)

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Train on tiles of the training cases; the validation cases choose the epoch."""
        from ichor.methods.unet_tiles.fit import train_tiles

        self.forward, head_mm = train_tiles(self.settings, self.field_of, training, validation, workdir)
        self.parameters = Parameters(head_mm=head_mm)

    def predict(self, scan: Scan) -> Segmentation:
        """Predict voxel probabilities and the mask, on the scan's own grid."""
        return self.postprocess(self.raw_output(scan))

    def raw_output(self, scan: Scan) -> RawOutput:
        """Average overlapping tiles to `probability` and to `stretched` (n, rows, columns), uint8.

        For the latter, each tile is first stretched so that its lowest probability becomes 0 and its highest 255, as in
        the released code: even the faint maximum of an empty tile becomes certain hemorrhage.
        """
        hu, field = self.field_of(scan)
        averaged, stretched = zip(*(self._average(one) for one in hu), strict=True)

        def to_scan(slices: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
            return np.ascontiguousarray(from_radiological(field.to_scan(np.stack(slices)), scan))

        return RawOutput(
            voxels={"probability": VoxelMap(to_scan(averaged))},
            arrays={"stretched": np.round(to_scan(stretched) * 255).astype(np.uint8)},
        )

    def postprocess(self, raw: RawOutput) -> Segmentation:
        """Apply the threshold and the morphology. A slice's probability is that of its most probable voxel."""
        probability = raw.voxels["probability"].values
        if self.settings.stretch:
            probability = np.asarray(raw.arrays["stretched"] / 255, np.float32)
        slice_probability = probability.max(axis=(1, 2)).astype(np.float64)
        return Segmentation(
            probability=probability,
            mask=self.mask_at(probability, self.settings.threshold),
            slice_probability=slice_probability,
            scan_probability=float(slice_probability.max()),
            made_by=MadeBy(
                name=self.name,
                threshold=self.settings.threshold,
                settings=self.settings.model_dump(exclude={"training"}, mode="json"),
                inference=inference_of(self.forward),
            ),
        )

    def mask_at(self, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        """Voxels at or above the threshold, closed and opened if the settings ask for it."""
        mask = probability >= threshold
        return close_then_open(mask) if self.settings.morphology else mask

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how a scan is processed."""
        return (
            "Input is HU; slices are resampled to the network's pixel size. The voxel threshold is fixed at "
            f"{UNetTilesSettings(**settings).threshold:g}. Probabilities are not calibrated."
        )

    def field_of(self, scan: Scan) -> tuple[NDArray[np.float32], Field]:
        """The scan's slices in the network's field, (n, size, size) HU, and the field itself."""
        return resample_to_field(
            scan,
            size=self.settings.size,
            pixel_mm=self.settings.pixel_mm,
            centre=self.settings.centre,
            head_mm=None if self.parameters is None else self.parameters.head_mm,
        )

    def _average(self, hu: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Average the overlapping tiles of one slice: unchanged, and with each tile stretched to 0..1."""
        if self.forward is None:
            raise unfitted(self.name)
        tile, corners = self.settings.tile, self.corners
        total = np.zeros((2, *hu.shape), np.float32)
        times = np.zeros(hu.shape, np.float32)
        for start in range(0, len(corners), self.settings.batch):
            some = corners[start : start + self.settings.batch]
            tiles = np.stack([hu[r : r + tile, c : c + tile] for r, c in some])[:, None]
            for (r, c), probability in zip(some, self.forward(tiles)["probability"], strict=True):
                total[0, r : r + tile, c : c + tile] += probability
                total[1, r : r + tile, c : c + tile] += _stretch(probability)
                times[r : r + tile, c : c + tile] += 1
        averaged, stretched = total / np.maximum(times, 1)
        return averaged, stretched

    def save(self, folder: Path) -> None:
        """Export the network and its configuration into `folder`."""
        save_network(self, self.forward, self.parameters, folder, side=self.settings.tile)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Load the method that `save` wrote."""
        from ichor.models.package import read_config

        config = read_config(folder)
        method = cls(**config.settings)
        method.parameters = Parameters(**config.parameters)
        method.forward = load_network(folder, config.network, threads)
        return method


def _stretch(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rescale a tile's probabilities so that the lowest is 0 and the highest 1; a constant tile becomes 0."""
    low, high = probability.min(), probability.max()
    return (probability - low) / (high - low) if high > low else np.zeros_like(probability)
