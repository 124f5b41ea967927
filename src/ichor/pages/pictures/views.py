"""The parts of a case that a picture may show: slices above the orbits, and crops around a lesion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.head import find_head
from ichor.dataset.case import Case
from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.pages.pictures.faces import cranial, head_on, pockets
from ichor.windows import BRAIN

Mask = NDArray[np.bool_]
Pixels = tuple[slice, slice]

TILE_PX = 160  # as the paper's tiles
_MARGIN = 0.04  # around the head, as a share of its size


@dataclass(frozen=True, eq=False)
class View:
    """A part of one slice, in the radiological convention, that shows no face.

    Attributes:
        subject: the subject's name in the dataset.
        index: the slice, from 0.
        gray: (rows, columns) 0..255 in the brain window.
        reference: (rows, columns) bool, the radiologists' delineation.
        predicted: (rows, columns) bool, the method's mask.
        probability: (rows, columns) of the method, 0..1; None if it is not available.
        pixel_mm: (between rows, between columns); None if unknown.
    """

    subject: str
    index: int
    gray: NDArray[np.float32]
    reference: Mask
    predicted: Mask
    probability: NDArray[np.float32] | None
    pixel_mm: tuple[float, float] | None

    @property
    def name(self) -> str:
        """Subject and slice, counted from 1."""
        return f"{self.subject}, slice {self.index + 1}"


class Views:
    """A case with its prediction, of which only parts that show no face can be viewed.

    Attributes:
        hu, reference, predicted: (n, rows, columns), all in the radiological convention.
        cranial: (n,) the slices above the orbits.
        pixel_mm: (row, column) of all slices; None if unknown.
    """

    def __init__(self, case: Case, predicted: Mask, probability: NDArray[np.float32] | None = None) -> None:
        """`predicted` and `probability` are on the scan's own grid."""
        scan = case.scan
        self.subject = case.subject
        self.hu = to_radiological(np.asarray(scan.hu), scan)
        self.reference = to_radiological(case.mask, scan)
        self.predicted = to_radiological(predicted, scan)
        self._probability = None if probability is None else to_radiological(probability, scan)
        self.cranial = cranial(scan)
        self._head = find_head(scan)
        pixel_mm = radiological_pixel_mm(scan)
        self.pixel_mm = None if pixel_mm is None else (float(pixel_mm[0, 0]), float(pixel_mm[0, 1]))
        self._pockets: dict[int, Mask] = {}

    def whole(self, index: int) -> View:
        """The whole head on a slice. Raises ValueError for a slice that is not above the orbits."""
        if not self.cranial[index]:
            raise ValueError(f"expected a slice above the orbits, found slice {index + 1} of {self.subject}")
        centre, side = _middle_and_side(head_on(self.hu[index]))
        return self._view(index, self._square(centre, round(side * (1 + 2 * _MARGIN))))

    def width_share(self, index: int) -> float:
        """The head's width on a slice as a share of its widest; nan where there is no head."""
        width = self._head.width
        return float(width[index] / np.nanmax(width)) if np.isfinite(width).any() else float("nan")

    def may_crop(self, index: int, marked: Mask) -> bool:
        """Whether `around` may show these pixels: above the orbits, or a true lesion with no orbit or nose near."""
        if self.cranial[index]:
            return True
        if not np.any(marked & self.reference[index]):
            return False
        if index not in self._pockets:
            self._pockets[index] = pockets(self.hu[index], max(self._head.extent))
        return not self._pockets[index][self._around(marked)].any()

    def around(self, index: int, marked: Mask) -> View:
        """A crop of TILE_PX around marked pixels (rows, columns). Raises ValueError if `may_crop` says no."""
        if not self.may_crop(index, marked):
            raise ValueError(f"expected a crop that shows no face, found slice {index + 1} of {self.subject}")
        return self._view(index, self._around(marked))

    def _around(self, marked: Mask) -> Pixels:
        """TILE_PX around the center of marked pixels; if these are in several parts, around most of them."""
        centre, _ = _middle_and_side(marked)
        middle, fullest = self._square(centre, TILE_PX), _fullest_square(marked, TILE_PX)
        return middle if 2 * marked[middle].sum() >= marked[fullest].sum() else fullest

    def _square(self, centre: tuple[float, float], side: int) -> Pixels:
        """`side` rows and columns around a center, shifted to stay inside the image."""

        def part(middle: float, size: int) -> slice:
            first = int(np.clip(round(middle - side / 2), 0, max(size - side, 0)))
            return slice(first, min(first + side, size))

        return part(centre[0], self.hu.shape[1]), part(centre[1], self.hu.shape[2])

    def _view(self, index: int, pixels: Pixels) -> View:
        return View(
            subject=self.subject,
            index=index,
            gray=BRAIN.gray(self.hu[index][pixels]),
            reference=self.reference[index][pixels],
            predicted=self.predicted[index][pixels],
            probability=None if self._probability is None else self._probability[index][pixels],
            pixel_mm=self.pixel_mm,
        )


def _fullest_square(mask: Mask, side: int) -> Pixels:
    """The square of `side` rows and columns that contains most of a mask; in a tie, the middle one."""
    rows, columns = (min(side, size) for size in mask.shape)
    sums = np.pad(mask.cumsum(axis=0, dtype=np.int64).cumsum(axis=1), ((1, 0), (1, 0)))
    held = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    places = np.argwhere(held == held.max())
    row, column = places[np.argmin(((places - places.mean(axis=0)) ** 2).sum(axis=1))]
    return slice(int(row), int(row) + rows), slice(int(column), int(column) + columns)


def _middle_and_side(mask: Mask) -> tuple[tuple[float, float], int]:
    """The center (row, column) of the bounding box of a mask, and its longer side in pixels."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    centre = (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2
    return centre, max(int(rows[-1] - rows[0]), int(columns[-1] - columns[0])) + 1
