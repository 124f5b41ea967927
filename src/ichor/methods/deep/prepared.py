"""Cases resampled into a network's field, kept while a process lasts: the folds of a run need the same ones."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.head import head_length_mm
from ichor.dataset.case import Case
from ichor.methods.field import resample_to_field

_MOST_BYTES = 2 * 2**30
_kept: OrderedDict[bytes, Prepared] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case in a network's field.

    Attributes:
        subject: the case's subject.
        excluded: whether it is left out of overlap.
        hu: (n, size, size) int16.
        mask: (n, size, size) bool.
        labels: (n, 5) bool.
        positions_mm: (n,) ascending; None if unknown.
        head_mm: the length of the head.
    """

    subject: str
    excluded: bool
    hu: NDArray[np.int16]
    mask: NDArray[np.bool_]
    labels: NDArray[np.bool_]
    positions_mm: NDArray[np.float64] | None
    head_mm: float

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) slices with hemorrhage."""
        return np.asarray(self.labels.any(axis=1))


def prepared(case: Case, size: int, pixel_mm: float) -> Prepared:
    """The case in a field of `size` x `size` pixels of `pixel_mm`, centered on the head.

    Raises BadConfig if the scan's pixel size is unknown.
    """
    key = _key(case, size, pixel_mm)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    hu, field = resample_to_field(case.scan, size=size, pixel_mm=pixel_mm, centre="head", head_mm=None)
    made = Prepared(
        subject=case.subject,
        excluded=bool(case.excluded_from_overlap),
        hu=np.clip(np.round(hu), -2000, 6000).astype(np.int16),
        mask=field.resample_mask(case.mask),
        labels=case.labels,
        positions_mm=case.scan.slice_positions_mm,
        head_mm=head_length_mm(case.scan),
    )
    _kept[key] = made
    while len(_kept) > 1 and sum(each.hu.nbytes + each.mask.nbytes for each in _kept.values()) > _MOST_BYTES:
        _kept.popitem(last=False)
    return made


def _key(case: Case, size: int, pixel_mm: float) -> bytes:
    """A digest of all that the result depends on."""
    scan = case.scan
    digest = hashlib.blake2b(repr((case.subject, case.excluded_from_overlap, size, pixel_mm)).encode())
    for array in (scan.voxels, case.mask, case.labels, scan.pixel_mm, scan.positions_mm, scan.orientation):
        digest.update(b"none" if array is None else np.ascontiguousarray(array).data)
    return digest.digest()
