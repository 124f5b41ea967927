"""Rescoring: classifies each slice again from the network's output for it and its neighbours.

A falx, a sinus or partial-volume bone looks like blood on one slice and not on the next; the paper suggests a recurrent
network for that on its last page. `ichor.nets.slice_gru` is one; its input is the first network's output.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ichor.methods.calibration import logit
from ichor.methods.network import require_output
from ichor.subtypes import Subtype

# The logits of this many most probable pixels are averaged, for lesions from a few pixels to hundreds.
_HIGHEST = (1, 20, 100, 500)
_FORMER_NAME = "reader.onnx"  # its name in packages made before 0.2
N_FEATURES = 1 + len(Subtype) + len(_HIGHEST) + 1

# Maps the features (n, N_FEATURES), float32, of slices in order to `slice_probability` (n,) and
# `subtype_probability` (n, 5).
Rescorer = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]


@runtime_checkable
class _Trained(Protocol):
    """A rescorer as it is after training, in torch."""

    def __call__(self, features: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]: ...

    def export(self, file: Path) -> None:
        """Write it as ONNX."""
        ...


def slice_features(outputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """(n, N_FEATURES) features of the network's output for n slices in its field.

    They are the logits of the slice and its subtypes, the mean logits of its most probable pixels, and log(1 + a),
    where a is the expected number of pixels with hemorrhage.
    """
    pixels = outputs["probability"].reshape(len(outputs["probability"]), -1)
    most = min(max(_HIGHEST), pixels.shape[1])
    highest = logit(-np.sort(-np.partition(pixels, -most, axis=1)[:, -most:], axis=1))
    return np.column_stack(
        [
            logit(outputs["slice_probability"]),
            logit(outputs["subtype_probability"]),
            *(highest[:, :n].mean(axis=1) for n in _HIGHEST),
            np.log1p(pixels.sum(axis=1, dtype=np.float64)),
        ]
    ).astype(np.float32)


def rescored(
    rescorer: Rescorer, features: NDArray[np.float32], positions_mm: NDArray[np.float64] | None, apart_mm: float
) -> dict[str, NDArray[np.float64]]:
    """The rescorer's output for a scan's slices, each classified together with others about `apart_mm` apart.

    Thin slices are treated as several interleaved scans whose slices are as far apart as in training. `positions_mm`
    (n,) are ascending; without them all slices are treated as one scan.
    """
    n, step = len(features), 1
    if positions_mm is not None and n > 1:
        step = max(1, round(apart_mm / float(np.median(np.diff(positions_mm)))))
    found: dict[str, NDArray[np.float64]] = {}
    for first in range(min(step, n)):
        for name, values in rescorer(features[first::step]).items():
            found.setdefault(name, np.empty((n, *values.shape[1:])))[first::step] = values
    return found


def save_rescorer(rescorer: Rescorer, folder: Path) -> None:
    """Write rescorer.onnx into `folder`."""
    from ichor.models.engine import Engine
    from ichor.models.package import RESCORER

    if isinstance(rescorer, Engine):  # loaded from a package: already exported
        if rescorer.path.resolve() != (folder / RESCORER).resolve():
            shutil.copyfile(rescorer.path, folder / RESCORER)
    else:
        assert isinstance(rescorer, _Trained)  # the only other kind
        rescorer.export(folder / RESCORER)


def load_rescorer(folder: Path) -> Rescorer:
    """Load the rescorer that `save_rescorer` wrote. It runs on one thread, since it is too small to parallelize."""
    from ichor.models.engine import Engine
    from ichor.models.package import RESCORER

    file = folder / RESCORER
    if not file.exists():
        file = folder / _FORMER_NAME
    engine = Engine(file, threads=1)
    require_output(engine, "slice_probability")
    return engine
