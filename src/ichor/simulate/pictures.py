"""Single pictures: one slice as people share it, from a viewer, a presentation or a paper.

Neither the window nor the pixel size of such a picture is known. Viewers put text into its corners and a frame around
it, presentations scale it, and JPEG compresses it in blocks of 8 x 8 pixels (ITU-T T.81). In a scan, the slices above
and below help to tell bone and vessels from blood; here there are none.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from ichor.dataset.case import Case
from ichor.simulate.resample import hu_of
from ichor.windows import BRAIN, GrayWindow

_FRAME = 200  # gray of a viewer's border
_LETTERS = ("R", "L", "A", "P", "kV 120", "mA 250", "T 5.0 mm", "C40 W80", "Zoom 100%", "Im: 14/32", "HEAD W/O", "H")
_MARGIN = 0.02  # of the picture's side, between its edge and the text

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Style:
    """How a slice is turned into a picture.

    Attributes:
        window: what is shown as gray 0 to 255; the reader of the picture does not know it.
        side: the longer side in pixels; None for that of the slice.
        annotated: whether there are a frame and text.
        jpeg_quality: of 100; None for no compression.
    """

    window: GrayWindow = BRAIN
    side: int | None = None
    annotated: bool = False
    jpeg_quality: int | None = None


def pictures(style: Style, case: Case, seed: int = 0) -> list[Case]:
    """Each slice of the case as a case of its own: 8-bit gray, pixel size and position unknown.

    The gray values are read as those of the brain window, whatever `style` showed, because a reader is not told the
    window. Masks are resized with the picture. The same seed gives the same text.
    """
    rng = np.random.default_rng(seed)
    return [picture(style, case, k, rng) for k in range(case.scan.n_slices)]


def picture(style: Style, case: Case, k: int, rng: np.random.Generator) -> Case:
    """Slice k of the case as a picture; see `pictures`."""
    gray = np.rint(style.window.gray(hu_of(case)[k])).astype(np.uint8)
    mask = case.mask[k]
    if style.side is not None:
        gray, mask = resized(gray, style.side), resized(np.uint8(255) * mask, style.side) >= 128
    if style.annotated:
        gray = annotated(gray, rng)
    if style.jpeg_quality is not None:
        gray = compressed(gray, style.jpeg_quality)
    scan = replace(
        case.scan,
        voxels=gray[None],
        gray_window=BRAIN,
        pixel_mm=None,
        positions_mm=None,
        thickness_mm=None,
        orientation=case.scan.orientation[k : k + 1],
    )
    unknown = None if case.unknown_slices is None else case.unknown_slices[k : k + 1]
    return replace(case, scan=scan, delineation=mask[None], subtypes=case.labels[k : k + 1], unknown_slices=unknown)


def shown(style: Style, case: Case, rng: np.random.Generator) -> Case:
    """The case with each slice as it is left of a picture, back on the case's own grid, for training."""
    size = case.mask.shape[1:]
    slices = []
    for k in range(case.scan.n_slices):
        gray = picture(style, case, k, rng).scan.voxels[0]
        back = Pictures.fromarray(np.asarray(gray, np.uint8)).resize(size[::-1], Pictures.Resampling.BILINEAR)
        slices.append(BRAIN.hu(np.asarray(back)))
    return replace(case, scan=replace(case.scan, voxels=np.stack(slices), gray_window=None))


def resized(gray: NDArray[np.uint8], side: int) -> Gray:
    """A picture scaled so that its longer side has `side` pixels."""
    rows, columns = gray.shape
    scale = side / max(rows, columns)
    shape = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    return np.asarray(Pictures.fromarray(gray).resize(shape, Pictures.Resampling.BILINEAR))


def compressed(gray: Gray, quality: int) -> Gray:
    """A picture after JPEG compression of that quality."""
    file = io.BytesIO()
    Pictures.fromarray(gray).save(file, "JPEG", quality=quality)
    return np.asarray(Pictures.open(file).convert("L"))


def annotated(gray: Gray, rng: np.random.Generator) -> Gray:
    """A picture with a frame, text in its corners and a scale at its side, over what is there."""
    rows, columns = gray.shape
    made = Pictures.fromarray(gray.copy())
    draw, side = ImageDraw.Draw(made), min(rows, columns)
    margin, height = max(1, round(_MARGIN * side)), max(6, round(side * rng.uniform(0.025, 0.045)))
    font = ImageFont.load_default(size=height)
    draw.rectangle((0, 0, columns - 1, rows - 1), outline=_FRAME, width=max(1, side // 250))
    for right, below in ((False, False), (True, False), (False, True), (True, True)):
        words = [str(one) for one in rng.choice(_LETTERS, rng.integers(1, 4), replace=False)]
        for line, word in enumerate(words):
            wide = draw.textlength(word, font=font)
            x = columns - 1 - margin - wide if right else margin
            y = rows - 1 - margin - (line + 1) * height if below else margin + line * height
            draw.text((x, y), word, fill=255, font=font)
    top, step = rows // 3, max(2, rows // 30)
    draw.line((columns - 1 - margin, top, columns - 1 - margin, top + 10 * step), fill=255)
    for tick in range(11):
        length = margin * (2 if tick % 5 == 0 else 1)
        draw.line((columns - 1 - margin - length, top + tick * step, columns - 1 - margin, top + tick * step), fill=255)
    return np.asarray(made)
