"""Series made from the demonstration scan, as hospitals and anonymizers leave them; real anatomy, any header."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from synthetic_dicom import store

DEMO = Path(__file__).resolve().parents[1] / "examples" / "demo-scan"


@cache
def _demo_bytes() -> tuple[bytes, ...]:
    slices = []
    for file in DEMO.glob("*.dcm"):
        one = pydicom.dcmread(file)
        one.decompress()
        store(one, hu_of(one)[::4, ::4], bits=16, signed=True)
        one.PixelSpacing = [4 * float(mm) for mm in one.PixelSpacing]
        buffer = BytesIO()
        one.save_as(buffer)
        slices.append((float(one.ImagePositionPatient[2]), buffer.getvalue()))
    return tuple(content for _, content in sorted(slices))


def demo_slices(**header: Any) -> list[pydicom.FileDataset]:
    """The 13 slices, from the lowest up, every fourth pixel of each, with those header values; None takes one away.

    Each call makes one more series: its own Series and SOP Instance UIDs.
    """
    slices = [pydicom.dcmread(BytesIO(content)) for content in _demo_bytes()]
    new_series(slices)
    for one in slices:
        change(one, **header)
    return slices


def change(one: pydicom.Dataset, **header: Any) -> None:
    """Set header values; None takes one away."""
    for keyword, value in header.items():
        if value is None:
            if keyword in one:
                delattr(one, keyword)
        else:
            setattr(one, keyword, value)


def new_series(slices: Sequence[pydicom.FileDataset]) -> None:
    """A Series Instance UID of its own for all, and an instance UID for each."""
    series = generate_uid()
    for one in slices:
        one.SeriesInstanceUID = series
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()


def hu_of(one: pydicom.Dataset) -> NDArray[Any]:
    """(rows, columns) the HU of an image."""
    slope, intercept = (int(one.get(name, usual)) for name, usual in (("RescaleSlope", 1), ("RescaleIntercept", 0)))
    return np.asarray(one.pixel_array.astype(np.int64) * slope + intercept)


def put(one: pydicom.Dataset, hu: NDArray[Any], **stored: Any) -> None:
    """Give an image other HU, stored as 16 bits with a sign unless said otherwise."""
    intercept = stored.pop("intercept", 0)
    one.RescaleIntercept, one.RescaleSlope = intercept, 1
    store(one, np.rint(np.asarray(hu)).astype(np.int64) - intercept, **({"bits": 16, "signed": True} | stored))


def between(slices: Sequence[pydicom.FileDataset], each: int) -> list[pydicom.FileDataset]:
    """A thin series: `each` slices in place of every one, their HU between its own and the next one's."""
    found = []
    for below, above in pairwise(slices):
        x, y, z = map(float, below.ImagePositionPatient)
        height = float(above.ImagePositionPatient[2]) - z
        for k in range(each):
            part = k / each
            one = copy.deepcopy(below)
            put(one, (1 - part) * hu_of(below) + part * hu_of(above))
            one.ImagePositionPatient, one.SliceThickness = [x, y, z + part * height], height / each
            one.InstanceNumber = len(found) + 1
            found.append(one)
    new_series(found)
    return found


def noisy(slices: Sequence[pydicom.FileDataset], hu: float, *, seed: int = 1) -> list[pydicom.FileDataset]:
    """The same with the noise of a sharp kernel: so many HU, more of it the finer it is."""
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(seed)
    for one in slices:
        noise = random.normal(0, 1, (one.Rows, one.Columns))
        noise -= gaussian_filter(noise, 1.5)
        put(one, np.clip(hu_of(one) + noise * hu / noise.std(), -1024, 3071))
    return list(slices)
