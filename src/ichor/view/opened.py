"""A result with its scan and mask in memory, turned to the radiological convention as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.errors import UnreadableInput
from ichor.formats.nifti_back import read_on_grid
from ichor.orientation import to_radiological
from ichor.read import ScanPath
from ichor.scan import Scan
from ichor.serving.geometry import geometry
from ichor.view.place import scan_of
from ichor.view.results import Listed
from ichor.write.nifti import MASK, PROBABILITY

OTHERS = 255  # the number of lesions that the findings do not list


@dataclass(frozen=True, eq=False)
class Opened:
    """A result that is shown.

    Attributes:
        listed: the result.
        scan: as it was read again.
        labels: (n, rows, columns) uint8 in the radiological convention: 0 if unmarked, else the subtype's number, or 1
            for a method without subtypes; None if the result has no mask.
    """

    listed: Listed
    scan: Scan
    labels: NDArray[np.uint8] | None

    @cached_property
    def lesion_of(self) -> NDArray[np.uint8] | None:
        """The number of each voxel's lesion in the order of the findings, from 1; `OTHERS` for those not listed."""
        if self.labels is None or self.listed.findings is None:
            return None
        numbers, count = ndimage.label(self.labels, structure=np.ones((3, 3, 3)))
        names = np.full(count + 1, OTHERS, np.uint8)
        names[0] = 0
        left = list(range(1, count + 1))
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)
        spans = [(one[0].start, one[0].stop - 1) for one in ndimage.find_objects(numbers)]
        # Matched by size and slices, because earlier versions listed lesions in another order.
        for number, lesion in enumerate(self.listed.findings.hemorrhage.lesions, 1):
            same = (k for k in left if (sizes[k], spans[k - 1]) == (lesion.volume_px, lesion.slices))
            if (found := next(same, None)) is None:
                file = self.listed.folder / MASK
                raise UnreadableInput(f"{file}: expected the mask of these findings, found lesions of other sizes")
            left.remove(found)
            names[found] = number
        return np.asarray(names[numbers])

    @property
    def has_probability(self) -> bool:
        """Whether the result has the voxel probabilities."""
        return (self.listed.folder / PROBABILITY).is_file()

    def hu(self, low: int = -32768, high: int = 32767) -> NDArray[np.int16]:
        """(n, rows, columns) integer HU in the radiological convention, clipped to the bounds."""
        whole = np.rint(to_radiological(np.asarray(self.scan.hu), self.scan))
        return np.asarray(np.clip(whole, low, high), "<i2")

    def probability(self) -> NDArray[np.uint8] | None:
        """(n, rows, columns) the voxel probabilities in steps of 1/255; None if the result does not have them."""
        if not self.has_probability:
            return None
        values = to_radiological(read_on_grid(self.listed.folder / PROBABILITY, self.scan), self.scan)
        return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)

    def geometry(self) -> dict[str, Any]:
        """The positions of the shown voxels in the patient (ichor.serving.geometry)."""
        return geometry(self.scan)


def open_result(listed: Listed, given: Sequence[ScanPath]) -> Opened:
    """Read the scan and mask of a result again; `given` are the scans whose location the user gave.

    Raises UnreadableInput if that is not possible.
    """
    if listed.findings is None:
        raise UnreadableInput(listed.reason)
    scan = scan_of(listed.findings, given)
    file = listed.folder / MASK
    if not file.is_file():
        return Opened(listed, scan, None)
    labels = read_on_grid(file, scan)
    if labels.min() < 0 or labels.max() > 5:
        raise UnreadableInput(f"{file}: expected labels from 0 to 5, found {labels.min():g} to {labels.max():g}")
    return Opened(listed, scan, np.ascontiguousarray(to_radiological(labels.astype(np.uint8), scan)))
