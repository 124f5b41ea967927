"""What a run keeps of each test subject: the prediction and its raw output, compressed.

RUN/fold-K/out-of-fold/SUBJECT.npz holds the prediction exactly, and voxel maps packed into one byte per voxel: the
logit in tenths (so that 0.001 and 0.999 stay distinct from 0 and 1; probabilities of 0 and 1 stay exact). Other arrays
of the raw output are kept unchanged.
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
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction, SingleSlices
from ichor.segmentation import RawOutput, Scale, VoxelMap

_TENTHS = 127  # the byte for a probability of 1; its negative stands for 0
# Prefixes of the names of raw output arrays in the file, before a dot; voxel maps have their scale as prefix.
_ARRAY = "array"
_FORMER_PREFIX = "answer"  # of both kinds, in files written before 0.2


def pack(voxels: VoxelMap) -> NDArray[np.int8]:
    """The map as tenths of logits; values beyond +-12.6 (3e-6 from 0 or 1) become 0 or 1."""
    with np.errstate(divide="ignore"):
        values = np.asarray(voxels.values, np.float64)
        logits = values if voxels.scale is Scale.LOGIT else np.log(values) - np.log1p(-values)
        tenths = np.round(10 * logits)
    packed: NDArray[np.int8] = np.clip(tenths, -_TENTHS, _TENTHS).astype(np.int8)
    return packed


def unpack(tenths: NDArray[np.int8], scale: Scale) -> VoxelMap:
    """The map that `pack` packed, with logits to within 0.1 and clipped to +-12.7."""
    logits = np.arange(-128, 128) / 10
    values = logits if scale is Scale.LOGIT else 1 / (1 + np.exp(-logits))
    if scale is Scale.PROBABILITY:
        values[:2], values[-1] = 0, 1  # -128 is never written
    return VoxelMap(values.astype(np.float32)[tenths.astype(np.int16) + 128], scale)


def write_kept(file: Path, prediction: Prediction, raw: RawOutput) -> None:
    """Write a subject's prediction and raw output."""
    arrays: dict[str, Any] = {
        "subject": prediction.subject,
        "fold": prediction.fold,
        "slice_probability": prediction.slice_probability,
        "scan_probability": prediction.scan_probability,
    }
    if prediction.threshold is not None:
        arrays["threshold"] = prediction.threshold
    if prediction.mask is not None:
        arrays |= {
            "mask": np.packbits(prediction.mask),
            "shape": prediction.mask.shape,
            "areas": np.stack([prediction.areas[t] for t in TABLE_THRESHOLDS]),
        }
    if prediction.subtype_probability is not None:
        arrays["subtype_probability"] = prediction.subtype_probability
    if (alone := prediction.single_slices) is not None:
        arrays |= {"single_slice_probability": alone.probability, "single_slice_marked": alone.marked}
    arrays |= {f"{one.scale}.{name}": pack(one) for name, one in raw.voxels.items()}
    arrays |= {f"{_ARRAY}.{name}": values for name, values in raw.arrays.items()}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, content.getvalue())


def read_prediction(file: Path) -> Prediction:
    """The prediction in a file of `write_kept`. Raises BadConfig if it is damaged."""
    kept = _read(file, raw=False)
    segmented = "mask" in kept
    return Prediction(
        subject=str(kept["subject"]),
        fold=int(kept["fold"]),
        mask=_mask(kept) if segmented else None,
        slice_probability=kept["slice_probability"],
        scan_probability=float(kept["scan_probability"]),
        threshold=float(kept["threshold"]) if "threshold" in kept else None,
        areas=dict(zip(TABLE_THRESHOLDS, kept["areas"], strict=True)) if segmented else {},
        subtype_probability=kept.get("subtype_probability"),
        single_slices=SingleSlices(kept["single_slice_probability"], kept["single_slice_marked"])
        if "single_slice_probability" in kept
        else None,
    )


def read_raw(file: Path) -> RawOutput:
    """The raw output in a file of `write_kept`. Raises BadConfig if it is damaged."""
    voxels: dict[str, VoxelMap] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for name, values in _read(file, raw=True).items():
        kind, _, short = name.partition(".")
        if kind == _ARRAY or (kind == _FORMER_PREFIX and values.dtype != np.int8):
            arrays[short] = values
        else:
            voxels[short] = unpack(values, Scale.PROBABILITY if kind == _FORMER_PREFIX else Scale(kind))
    return RawOutput(voxels, arrays)


def _mask(kept: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    shape = tuple(int(n) for n in kept["shape"])
    return np.unpackbits(kept["mask"], count=int(np.prod(shape))).reshape(shape).astype(bool)


def _read(file: Path, *, raw: bool) -> dict[str, NDArray[Any]]:
    """Read the arrays of the raw output, whose names contain a dot, or only the others."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if ("." in name) == raw}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        found = getattr(error, "strerror", None) or error
        raise BadConfig(f"{file}: expected a subject's prediction, found {found}") from error
