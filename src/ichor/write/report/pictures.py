"""Slices as a radiologist expects them: brain window, radiological convention, cropped to the head."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ichor.anatomy.head import HeadOutline
from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.scan import Scan
from ichor.windows import BRAIN
from ichor.write.contours import contours

JPEG_QUALITY = 85
LARGE_QUALITY, LARGE_PX = 75, 512  # of any slice, opened large
SMALL_PX, MANY_SLICES = 200, 80  # of a slice that is not flagged, among many: these would make the page heavy
NAMED_REGIONS = 3  # of one label on one slice: more names would hide what they name
NAME_WIDTH, NAME_HEIGHT = 0.14, 0.06  # of a name, as shares of a small picture
MARGIN = 0.07  # left around the head, as a share of its size: scalp, and some air


class Box(NamedTuple):
    """Rows from `top` to before `bottom`, columns from `left` to before `right`."""

    top: int
    bottom: int
    left: int
    right: int


class Place(NamedTuple):
    """Where a name stands on a slice: beside a region, at its right edge or, `before` it, at its left one.

    `left` and `top` are shares of the crop.
    """

    left: float
    top: float
    before: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """What is marked with one label on one slice.

    Attributes:
        label: from 1, as the label map has it.
        path: SVG path around the pixels, in pixels of the crop.
        beside: where the label's name is to stand, beside the largest regions.
    """

    label: int
    path: str
    beside: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """One slice as it is shown.

    Attributes:
        source: the image as a data URI.
        outlines: one for each label on it, in the labels' order.
    """

    source: str
    outlines: tuple[Outline, ...]


class Pictures:
    """All slices of a scan, cropped alike.

    Attributes:
        width, height: size of the crop in pixels.
        aspect: its true width over its height, where pixels may not be square.
    """

    def __init__(self, scan: Scan, labels: NDArray[np.uint8], head: HeadOutline) -> None:
        """`labels` (n, rows, columns) is on the grid of `scan`, 0 for what is not marked; the rest is never cropped."""
        turned = to_radiological(labels, scan)
        marked = turned > 0
        rows = _crop(head.rows, np.flatnonzero(marked.any(axis=(0, 2))), marked.shape[1])
        columns = _crop(head.columns, np.flatnonzero(marked.any(axis=(0, 1))), marked.shape[2])
        self._labels = turned[:, rows, columns]
        self._voxels = to_radiological(scan.voxels, scan)[:, rows, columns]
        self._window = scan.gray_window
        self.height, self.width = self._labels.shape[1:]
        pixel_mm = radiological_pixel_mm(scan)
        row_mm, column_mm = (1.0, 1.0) if pixel_mm is None else np.median(pixel_mm, axis=0)
        self.aspect = float(self.width * column_mm / (self.height * row_mm))
        self._outlines = [_outlines(one) for one in self._labels]

    def full(self, index: int) -> Picture:
        """A slice at its own resolution."""
        return Picture(_data_uri(self._image(index), JPEG_QUALITY), self._outlines[index])

    def large(self, index: int, flagged: bool) -> Picture:
        """A slice to be shown small among all, and to open large; of very many slices, only those flagged are sharp."""
        image = self._image(index)
        widest = SMALL_PX if len(self._labels) > MANY_SLICES and not flagged else LARGE_PX
        image.thumbnail((widest, widest), Image.Resampling.BILINEAR, reducing_gap=1.5)
        return Picture(_data_uri(image, LARGE_QUALITY), self._outlines[index])

    def _image(self, index: int) -> Image.Image:
        voxels = self._voxels[index]
        hu = voxels if self._window is None else self._window.hu(voxels)
        return Image.fromarray(np.rint(BRAIN.gray(hu)).astype(np.uint8))


def _crop(head: tuple[int, int], marked: NDArray[np.intp], size: int) -> slice:
    margin = round(MARGIN * (head[1] - head[0]))
    low, high = head[0] - margin, head[1] + margin
    if marked.size:
        low, high = min(low, int(marked[0]) - margin), max(high, int(marked[-1]) + 1 + margin)
    return slice(max(0, low), min(size, high))


def _outlines(labels: NDArray[np.uint8]) -> tuple[Outline, ...]:
    """The outline of each label on one slice, with its name at least once and no name over another."""
    outlines: list[Outline] = []
    taken: list[Place] = []
    for label in range(1, int(labels.max(initial=0)) + 1):
        marked = labels == label
        if not marked.any():
            continue
        rows, columns = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
        corner = int(rows[0]), int(columns[0])
        part = marked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        names: list[Place] = []
        for box in _largest_boxes(part, corner):
            place = _beside(box, labels.shape)
            while not names and any(_overlap(place, other) for other in taken):
                place = place._replace(top=round(place.top + NAME_HEIGHT, 4))
            if not any(_overlap(place, other) for other in [*taken, *names]):
                names.append(place)
        taken += names
        outlines.append(Outline(label, _path(part, corner), tuple(names)))
    return tuple(outlines)


def _path(part: NDArray[np.bool_], corner: tuple[int, int]) -> str:
    """SVG path data of the line around pixels cut out at `corner`; pixel (0, 0) is the square from 0 to 1."""
    shifted = (line + np.array(corner[::-1]) for line in contours(part))
    return "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in line) + "Z" for line in shifted)


def _largest_boxes(part: NDArray[np.bool_], corner: tuple[int, int]) -> list[Box]:
    """The boxes around the largest regions of what is cut out at `corner`, the largest first."""
    regions, count = ndimage.label(part, structure=np.ones((3, 3)))
    sizes = np.bincount(regions.ravel(), minlength=count + 1)[1:]
    boxes = ndimage.find_objects(regions)
    largest = [boxes[index] for index in np.argsort(-sizes, kind="stable")[:NAMED_REGIONS]]
    row, column = corner
    return [Box(row + d.start, row + d.stop, column + a.start, column + a.stop) for d, a in largest]


def _beside(box: Box, size: tuple[int, ...]) -> Place:
    """Beside a box, at its right unless the picture ends there."""
    height, width = size
    before = box.right / width > 1 - NAME_WIDTH and box.left / width > NAME_WIDTH
    left = (box.left if before else box.right) / width
    return Place(round(left, 4), round((box.top + box.bottom) / 2 / height, 4), before)


def _overlap(one: Place, other: Place) -> bool:
    begin, other_begin = (place.left - NAME_WIDTH * place.before for place in (one, other))
    return abs(begin - other_begin) < NAME_WIDTH and abs(one.top - other.top) < NAME_HEIGHT


def _data_uri(image: Image.Image, quality: int) -> str:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
