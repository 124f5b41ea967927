"""Slices read with their neighbours: what the network said of each slice of a scan, judged again in its order.

A falx, a sinus or bone in partial volume looks like blood on one slice and not on the next; the paper's last page
wishes for a recurrent network for that. `ichor.nets.slice_reader` is one, on what the network has said.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.methods.calibration import logit
from ichor.methods.network import require_output
from ichor.subtypes import Subtype

# Pixels of the field whose logits are averaged: the surest ones, for a lesion of a few pixels and for one of hundreds.
_SUREST = (1, 20, 100, 500)
N_FEATURES = 1 + len(Subtype) + len(_SUREST) + 1

# Features (n, N_FEATURES) float32 of slices in order to `slice_probability` (n,) and `subtype_probability` (n, 5).
Reader = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]


def slice_features(outputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """(n, N_FEATURES) of what the network said of n slices in its field, all as logits.

    The slice's own probability and those of its subtypes, the mean logit of its surest pixels, and the logarithm of one
    more than the number of pixels that it expects to be hemorrhage.
    """
    pixels = outputs["probability"].reshape(len(outputs["probability"]), -1)
    most = min(max(_SUREST), pixels.shape[1])
    surest = logit(-np.sort(-np.partition(pixels, -most, axis=1)[:, -most:], axis=1))
    return np.column_stack(
        [
            logit(outputs["slice_probability"]),
            logit(outputs["subtype_probability"]),
            *(surest[:, :n].mean(axis=1) for n in _SUREST),
            np.log1p(pixels.sum(axis=1, dtype=np.float64)),
        ]
    ).astype(np.float32)


def read_in_order(
    reader: Reader, features: NDArray[np.float32], positions_mm: NDArray[np.float64] | None, apart_mm: float
) -> dict[str, NDArray[np.float64]]:
    """What the reader says of a scan's slices, each read among those about `apart_mm` apart.

    Thin slices are read as several scans of slices as far apart as those it was trained on, one between the other.
    `positions_mm` (n,) rise; without them the slices are taken as they are.
    """
    n, step = len(features), 1
    if positions_mm is not None and n > 1:
        step = max(1, round(apart_mm / float(np.median(np.diff(positions_mm)))))
    read: dict[str, NDArray[np.float64]] = {}
    for first in range(min(step, n)):
        for name, values in reader(features[first::step]).items():
            read.setdefault(name, np.empty((n, *values.shape[1:])))[first::step] = values
    return read


def save_reader(reader: Reader, folder: Path) -> None:
    """Write reader.onnx into `folder`."""
    from ichor.models.engine import Engine
    from ichor.models.package import READER

    if isinstance(reader, Engine):  # loaded from a package: already exported
        if reader.path.resolve() != (folder / READER).resolve():
            shutil.copyfile(reader.path, folder / READER)
    else:
        from ichor.methods.unet_slices.fit_context import TorchReader

        assert isinstance(reader, TorchReader)  # there is no third kind
        reader.export(folder / READER)


def load_reader(folder: Path) -> Reader:
    """The reader that `save_reader` wrote. On one thread: it is too small to share out."""
    from ichor.models.engine import Engine
    from ichor.models.package import READER

    engine = Engine(folder / READER, threads=1)
    require_output(engine, "slice_probability")
    return engine
