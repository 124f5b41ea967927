"""Patches around candidate lesions, and the network that classifies them, as it runs from a package.

Four numbers do not tell a falx from a thin subdural hematoma beside it; their surroundings do.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.methods.calibration import logit
from ichor.methods.network import require_output
from ichor.scan import FloatArray
from ichor.windows import BONE, BRAIN

REACH = 2  # slices below and above
SIDE, PATCH_MM = 32, 1.5
# Brain, bone, the network's logit, and the candidate itself.
SHAPE = (4, 2 * REACH + 1, SIDE, SIDE)
NETWORK = "candidates.onnx"
_LOGITS = 8.0  # by which logits are divided
_CLIP_HU = (-1000.0, 2000.0)

Forward = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]


@runtime_checkable
class _Trained(Protocol):
    """The network as it is after training, in torch."""

    def __call__(self, candidates: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]: ...

    def export(self, file: Path) -> None:
        """Write it as ONNX."""
        ...


@dataclass(frozen=True, eq=False)
class PatchClassifier:
    """A network that classifies candidates by features and patches; see `LesionClassifier`."""

    forward: Forward
    elsewhere: float

    def predict(self, features: FloatArray, patches: NDArray[np.float16] | None = None) -> FloatArray:
        """(m,) probability that candidates with these features (m, F) and patches (m, *SHAPE) are hemorrhage."""
        if patches is None:
            raise ValueError("expected patches of the candidates, found none")
        if not len(features):
            return np.empty(0)
        return np.asarray(self.forward(network_input(features, patches))["candidate_probability"], np.float64)

    def save(self, folder: Path) -> None:
        """Write candidates.onnx into `folder`."""
        from ichor.models.engine import Engine

        if isinstance(self.forward, Engine):  # loaded from a package: already exported
            if self.forward.path.resolve() != (folder / NETWORK).resolve():
                shutil.copyfile(self.forward.path, folder / NETWORK)
        else:
            assert isinstance(self.forward, _Trained)  # the only other kind
            self.forward.export(folder / NETWORK)

    @classmethod
    def load(cls, folder: Path, elsewhere: float) -> Self:
        """Load what `save` wrote; it runs on one thread, since it is small."""
        from ichor.models.engine import Engine

        engine = Engine(folder / NETWORK, threads=1)
        require_output(engine, "candidate_probability")
        return cls(engine, elsewhere)


def network_input(features: FloatArray, patches: NDArray[np.float16]) -> NDArray[np.float32]:
    """(m, F + patch) float32, as the network reads it."""
    flat = patches.reshape(len(patches), -1)
    return np.concatenate([features.astype(np.float32), flat.astype(np.float32)], axis=1)


def patches_of(
    labels: NDArray[np.int32],
    probability: NDArray[np.float32],
    hu: NDArray[np.float32],
    channels: NDArray[np.int64],
    pixel_mm: float,
) -> NDArray[np.float16]:
    """(m, *SHAPE) of the candidates 1 to m in `labels`: about the middle of each, on the slice with most of it.

    All volumes are (n, size, size); `channels` (n, 2 * REACH + 1) are the slices shown with each, as of
    `ichor.methods.field.stack`. Pixels have 1.5 mm; air lies outside of the image.
    """
    boxes = ndimage.find_objects(labels)
    made = np.empty((len(boxes), *SHAPE), np.float16)
    place = (np.arange(SIDE) - (SIDE - 1) / 2) * PATCH_MM / pixel_mm
    for i, box in enumerate(boxes):
        own = labels[box] == i + 1
        k = int(own.sum(axis=(1, 2)).argmax())
        row, column = ndimage.center_of_mass(own[k])
        at = np.meshgrid(box[1].start + row + place, box[2].start + column + place, indexing="ij")
        for depth, slice_ in enumerate(channels[box[0].start + k]):
            # Read around the patch only, smoothed to its coarser pixels.
            window = tuple(slice(max(0, int(a.min()) - 4), int(a.max()) + 5) for a in at)
            inside = [a - w.start for a, w in zip(at, window, strict=True)]

            def read(image: NDArray[np.float32], outside: float, inside: list[FloatArray] = inside) -> FloatArray:
                smooth = ndimage.gaussian_filter(image, 0.4 * PATCH_MM / pixel_mm)
                return np.asarray(ndimage.map_coordinates(smooth, inside, order=1, cval=outside))

            shown = read(np.clip(hu[slice_][window], *_CLIP_HU), -1000.0)
            made[i, 0, depth], made[i, 1, depth] = BRAIN.gray(shown) / 255, BONE.gray(shown) / 255
            made[i, 2, depth] = read(logit(probability[slice_][window]).astype(np.float32), -_LOGITS) / _LOGITS
            made[i, 3, depth] = read((labels[slice_][window] == i + 1).astype(np.float32), 0.0)
    return made
