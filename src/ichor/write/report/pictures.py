"""Slices as a radiologist expects them: brain window, radiological convention, cropped to the head."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray
from PIL import Image

from ichor.head import HeadOutline
from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.scan import Scan
from ichor.windows import BRAIN

JPEG_QUALITY = 85
THUMBNAIL_PX = 160
SMALL_THUMBNAIL_PX, MANY_SLICES = 112, 80  # a thin-slice scan would make the page heavy
MARGIN = 0.07  # left around the head, as a share of its size: scalp, and some air


@dataclass(frozen=True, slots=True)
class Picture:
    """One slice as it is shown.

    Attributes:
        source: the image as a data URI.
        outline: SVG path around the marked pixels, in pixels of the crop; empty where none is marked.
    """

    source: str
    outline: str


class Pictures:
    """All slices of a scan, cropped alike.

    Attributes:
        width, height: size of the crop in pixels.
        aspect: its true width over its height, where pixels may not be square.
    """

    def __init__(self, scan: Scan, mask: NDArray[np.bool_], head: HeadOutline) -> None:
        """`mask` is on the grid of `scan`; marked pixels are never cropped away."""
        marked = to_radiological(mask, scan)
        rows = _crop(head.rows, np.flatnonzero(marked.any(axis=(0, 2))), marked.shape[1])
        columns = _crop(head.columns, np.flatnonzero(marked.any(axis=(0, 1))), marked.shape[2])
        self._marked = marked[:, rows, columns]
        self._voxels = to_radiological(scan.voxels, scan)[:, rows, columns]
        self._window = scan.gray_window
        self.height, self.width = self._marked.shape[1:]
        pixel_mm = radiological_pixel_mm(scan)
        row_mm, column_mm = (1.0, 1.0) if pixel_mm is None else np.median(pixel_mm, axis=0)
        self.aspect = float(self.width * column_mm / (self.height * row_mm))
        self._outlines = [_outline(one) for one in self._marked]
        many = len(self._marked) > MANY_SLICES
        self._thumbnail_px = SMALL_THUMBNAIL_PX if many else THUMBNAIL_PX

    def full(self, index: int) -> Picture:
        """A slice at its own resolution."""
        return Picture(_data_uri(self._image(index)), self._outlines[index])

    def thumbnail(self, index: int) -> Picture:
        """A slice small enough to show all of them."""
        size = (self._thumbnail_px, max(1, round(self._thumbnail_px / self.aspect)))
        small = self._image(index).resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5)
        return Picture(_data_uri(small), self._outlines[index])

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


def _outline(marked: NDArray[np.bool_]) -> str:
    """SVG path data of the line around the marked pixels; pixel (0, 0) is the square from 0 to 1."""
    if not marked.any():
        return ""
    rows, columns = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
    part = marked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    lines = contour_generator(z=np.pad(part.astype(np.float32), 1)).lines(0.5)
    # Contours count from the centre of the first padded pixel.
    shift = np.array([columns[0], rows[0]]) - 0.5
    return "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in np.asarray(line)[:-1] + shift) + "Z" for line in lines)


def _data_uri(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
