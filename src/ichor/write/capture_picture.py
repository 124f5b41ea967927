"""Pictures of slices with burned-in outlines, sides and a notice, for systems that can show only pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ichor.findings.schema import NOTICE
from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.subtypes import HALO, Subtype
from ichor.windows import BRAIN
from ichor.write.contours import contours
from ichor.write.result import Result

# The directions of rows and columns: pictures are in the radiological convention.
RADIOLOGICAL_DIRECTIONS = ("L", "P")
SHORTEST_SIDE_PX = 768  # of the slice: fine enough for thin outlines and readable text
TEXT_PX, LINE_PX, HALO_PX = 22, 2, 6
WHITE, GRAY = "#ffffff", "#c8c8c8"
UNTOLD = "#ff5c5c"  # the color of outlines from a method without subtypes


class CapturePictures:
    """Pictures of the slices of one result, all of the same size."""

    def __init__(self, result: Result) -> None:
        assert result.labels is not None  # `needs_mask` guarantees it
        self._scan, self._findings = result.scan, result.findings
        self._labels = to_radiological(result.labels, result.scan)
        self._voxels = to_radiological(result.scan.voxels, result.scan)
        pixel_mm = radiological_pixel_mm(result.scan)
        row_mm, column_mm = (1.0, 1.0) if pixel_mm is None else np.median(pixel_mm, axis=0)
        rows, columns = self._labels.shape[1:]
        scale = max(1.0, SHORTEST_SIDE_PX / min(rows * row_mm, columns * column_mm) * min(row_mm, column_mm))
        smaller = min(row_mm, column_mm)
        self._scale = np.array([scale * column_mm / smaller, scale * row_mm / smaller])  # x, y
        self._size = round(columns * self._scale[0]), round(rows * self._scale[1])
        self._told = result.segmentation.subtype_probability is not None

    def of(self, index: int) -> NDArray[np.uint8]:
        """(rows, columns, 3) a slice in the brain window with outlines, with a legend and the notice below."""
        width, height = self._size
        picture = Image.new("RGB", (width, height + round(4.6 * TEXT_PX)))
        window = self._scan.gray_window
        hu = self._voxels[index] if window is None else window.hu(self._voxels[index])
        gray = Image.fromarray(np.rint(BRAIN.gray(hu)).astype(np.uint8))
        picture.paste(gray.resize(self._size, Image.Resampling.BILINEAR).convert("RGB"), (0, 0))
        draw = ImageDraw.Draw(picture)
        present = [int(label) for label in np.unique(self._labels[index]) if label]
        for label in present:
            self._outline(draw, index, label)
        self._words(draw, index, present)
        return np.asarray(picture)

    def _outline(self, draw: ImageDraw.ImageDraw, index: int, label: int) -> None:
        lines = [[*line, line[0]] for line in contours(self._labels[index] == label)]
        for colour, width in ((HALO, HALO_PX), (self._colour(label), LINE_PX)):
            for line in lines:
                draw.line([tuple(point * self._scale) for point in line], fill=colour, width=width)

    def _words(self, draw: ImageDraw.ImageDraw, index: int, present: list[int]) -> None:
        width, height = self._size
        large, small = ImageFont.load_default(1.3 * TEXT_PX), ImageFont.load_default(TEXT_PX)
        for letter, x, anchor in (("R", TEXT_PX / 2, "lm"), ("L", width - TEXT_PX / 2, "rm")):
            draw.text((x, height / 2), letter, fill=WHITE, font=large, anchor=anchor)
        draw.text((width / 2, height + TEXT_PX), NOTICE, fill=WHITE, font=small, anchor="mm")
        said = f"{self._findings.tier.words} (AI, unverified). Slice {index + 1} of {len(self._labels)} from the lowest"
        draw.text((width / 2, height + 2.3 * TEXT_PX), said, fill=GRAY, font=small, anchor="mm")
        names = [self._name(label) for label in present] or ["Nothing is outlined on this slice"]
        x = (width - sum(draw.textlength(name, small) for name in names) - TEXT_PX * (len(names) - 1)) / 2
        for name, colour in zip(names, [*map(self._colour, present)] or [GRAY], strict=True):
            draw.text((x, height + 3.6 * TEXT_PX), name, fill=colour, font=small, anchor="lm")
            x += draw.textlength(name, small) + TEXT_PX

    def _colour(self, label: int) -> str:
        return tuple(Subtype)[label - 1].colour if self._told else UNTOLD

    def _name(self, label: int) -> str:
        return tuple(Subtype)[label - 1].label if self._told else "Hemorrhage"
