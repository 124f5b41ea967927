"""The options shared by commands that read scans: information that the files may lack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.errors import IchorError

if TYPE_CHECKING:
    from ichor.read.base import ReadOptions
    from ichor.windows import GrayWindow

# The names in ichor.windows.NAMED_WINDOWS, which is not imported here, since it imports numpy.
WINDOW_NAMES = "brain, bone, stroke, subdural"

WindowOption = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="LEVEL/WIDTH|NAME",
        help=f"Gray window of JPG or PNG slices: level and width in HU, or {WINDOW_NAMES}; by default brain.",
    ),
]
PixelOption = Annotated[
    float | None, typer.Option("--pixel-mm", metavar="MM", help="Pixel size of images or video, in mm.")
]
SliceOption = Annotated[
    float | None,
    typer.Option("--slice-mm", metavar="MM", help="Distance between slices of images or video, in mm."),
]
CropOption = Annotated[
    str | None,
    typer.Option(
        "--crop",
        metavar="N|TOP,RIGHT,BOTTOM,LEFT",
        help="Pixels to cut off the edges of each video frame, where text is burned in.",
    ),
]
SeriesOption = Annotated[
    str | None,
    typer.Option("--series", metavar="UID", help="The UID of the DICOM series to read."),
]

OperatingPointOption = Annotated[
    str | None,
    typer.Option(
        "--operating-point",
        metavar="NAME",
        help="How sensitive the model is: triage (few hemorrhages missed), balanced or specific (few false alarms), "
        "if the model has them; by default balanced.",
    ),
]


def read_options(
    window: str | None = None,
    pixel_mm: float | None = None,
    slice_mm: float | None = None,
    series: str | None = None,
    crop: str | None = None,
) -> ReadOptions:
    """The values of the first five options above. Raises IchorError, naming the option, for an invalid value."""
    from ichor.read.base import ReadOptions
    from ichor.windows import BRAIN

    return ReadOptions(
        gray_window=BRAIN if window is None else parse_window(window),
        pixel_mm=_positive("--pixel-mm", pixel_mm),
        slice_mm=_positive("--slice-mm", slice_mm),
        crop=(0, 0, 0, 0) if crop is None else parse_crop(crop),
        series_uid=series,
    )


def parse_window(text: str) -> GrayWindow:
    """A gray window from its name, or from LEVEL/WIDTH in HU. Raises IchorError for anything else."""
    from ichor.windows import NAMED_WINDOWS, GrayWindow

    if text.lower() in NAMED_WINDOWS:
        return NAMED_WINDOWS[text.lower()]
    try:
        level, width = (float(part) for part in text.split("/"))
    except ValueError:
        level = width = math.nan
    if math.isfinite(level) and math.isfinite(width) and width > 0:
        return GrayWindow(level, width)
    raise IchorError(
        f"--window: expected LEVEL/WIDTH in HU, as in 40/120, or one of {', '.join(NAMED_WINDOWS)}; found {text!r}"
    )


def parse_crop(text: str) -> tuple[int, int, int, int]:
    """Pixels to cut from top, right, bottom and left, from one number or four. Raises IchorError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (1, 4) or not all(part.isascii() and part.isdigit() for part in parts):
        raise IchorError(f"--crop: expected pixels, as in 20 or 20,0,20,0 (top, right, bottom, left), found {text!r}")
    top, right, bottom, left = (int(part) for part in (parts if len(parts) == 4 else parts * 4))
    return top, right, bottom, left


def _positive(name: str, value: float | None) -> float | None:
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise IchorError(f"{name}: expected a distance above 0 mm, found {value:g}")
    return value
