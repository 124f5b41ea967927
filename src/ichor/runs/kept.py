"""What a run keeps of each test subject: the prediction, and the answer it was decided on, small.

RUN/fold-K/out-of-fold/SUBJECT.npz holds the prediction exactly and the answer's arrays packed: voxel probabilities as
tenths of their logit in one byte (so that 0.001 and 0.999 stay apart from 0 and 1; 0 and 1 themselves stay exact),
arrays of gray as they are.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.errors import BadConfig
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction
from ichor.methods.base import Answer

_TENTHS = 127  # the byte of a probability of 1; its negative is that of 0


def pack(probability: NDArray[np.floating]) -> NDArray[np.int8]:
    """Probabilities as tenths of their logit; what is beyond +-12.6 (3e-6 from 0 or 1) counts as 0 or 1."""
    with np.errstate(divide="ignore"):
        p = np.asarray(probability, np.float64)
        tenths = np.round(10 * (np.log(p) - np.log1p(-p)))
    return np.clip(tenths, -_TENTHS, _TENTHS).astype(np.int8)


def unpack(tenths: NDArray[np.int8]) -> NDArray[np.float32]:
    """The probabilities that `pack` packed, each within 0.1 of its logit."""
    values = 1 / (1 + np.exp(-np.arange(-128, 128) / 10))
    values[:2], values[-1] = 0, 1  # -128 is never written
    return np.asarray(values.astype(np.float32)[tenths.astype(np.int16) + 128])


def write_kept(file: Path, prediction: Prediction, answer: Answer) -> None:
    """Write a subject's prediction and the answer it was decided on."""
    arrays: dict[str, Any] = {
        "subject": prediction.subject,
        "fold": prediction.fold,
        "mask": np.packbits(prediction.mask),
        "shape": prediction.mask.shape,
        "slice_probability": prediction.slice_probability,
        "scan_probability": prediction.scan_probability,
        "threshold": prediction.threshold,
        "areas": np.stack([prediction.areas[t] for t in TABLE_THRESHOLDS]),
    }
    if prediction.subtype_probability is not None:
        arrays["subtype_probability"] = prediction.subtype_probability
    for name, values in answer.items():
        voxels = values.ndim == 3 and values.dtype.kind == "f"
        arrays[f"answer.{name}"] = pack(values) if voxels else values
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, content.getvalue())


def read_prediction(file: Path) -> Prediction:
    """The prediction in a file of `write_kept`. Raises BadConfig where it is damaged."""
    kept = _read(file, answer=False)
    shape = tuple(int(n) for n in kept["shape"])
    return Prediction(
        subject=str(kept["subject"]),
        fold=int(kept["fold"]),
        mask=np.unpackbits(kept["mask"], count=int(np.prod(shape))).reshape(shape).astype(bool),
        slice_probability=kept["slice_probability"],
        scan_probability=float(kept["scan_probability"]),
        threshold=float(kept["threshold"]),
        areas=dict(zip(TABLE_THRESHOLDS, kept["areas"], strict=True)),
        subtype_probability=kept.get("subtype_probability"),
    )


def read_answer(file: Path) -> Answer:
    """The answer in a file of `write_kept`, unpacked. Raises BadConfig where it is damaged."""
    kept = _read(file, answer=True)
    return {name.removeprefix("answer."): unpack(a) if a.dtype == np.int8 else a for name, a in kept.items()}


def _read(file: Path, *, answer: bool) -> dict[str, NDArray[Any]]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if name.startswith("answer.") == answer}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        found = getattr(error, "strerror", None) or error
        raise BadConfig(f"{file}: expected a subject's prediction, found {found}") from error
