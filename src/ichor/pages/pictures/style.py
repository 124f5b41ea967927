"""The style of all figures, and their reproducible conversion to PNG."""

from __future__ import annotations

import io
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

DPI = 150
_GRAY_SPREAD = 6  # the maximum difference between red, green and blue of a gray, of 255
INK, MUTED, FAINT = "#1f2328", "#656d76", "#d8dee4"
# The colors of Okabe and Ito (2008), safe for all kinds of color vision.
BLUE, ORANGE, GREEN, PINK, RED, SKY = "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9"
OURS, PAPER = BLUE, RED
# The white edge that separates overlapping marks, and a reference line.
EDGE: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.5}
DASHED: dict[str, Any] = {"color": MUTED, "linewidth": 0.7, "linestyle": (0, (3, 3))}

RESEARCH_USE = "Research use only; not a medical device."
ATTRIBUTION = "Images: ct-ich 1.0.0, Hssayeni (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0."

# Decorates a function that makes a figure. It starts from matplotlib's own defaults, ignoring the user's settings.
styled = matplotlib.style.context(
    [
        "default",
        {
            "font.family": "DejaVu Sans",
            "font.size": 8,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "axes.linewidth": 0.6,
            "axes.titlesize": 9,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": FAINT,
            "grid.linewidth": 0.5,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "lines.linewidth": 1.4,
            "legend.frameon": False,
            "legend.fontsize": 7.5,
            "figure.constrained_layout.h_pad": 0.06,
            "figure.constrained_layout.w_pad": 0.06,
            "figure.dpi": DPI,
        },
    ]
)


def panels(columns: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of `width` x `height` inches with panels side by side, and the small print below."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    small_print(figure)
    return figure, list(axes)


def small_print(figure: Figure, *before: str) -> None:
    """The line below every figure, preceded by the source of the images, if it shows any."""
    figure.supxlabel(" ".join((*before, RESEARCH_USE)), fontsize=5.5, color=MUTED, x=0.995, ha="right")


def unit_square(axes: Axes, x: str, y: str) -> None:
    """Set both axes to 0..1 with equal length."""
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x, ylabel=y, aspect="equal")
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))


def legend_below(axes: Axes) -> None:
    """Put the legend below the axis, where it hides nothing."""
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), borderaxespad=0)


def note(axes: Axes, text: str, at: tuple[float, float], away: tuple[float, float], **how: Any) -> None:
    """Draw a small label at a point, offset by `away` in typographic points (right, up)."""
    axes.annotate(text, at, xytext=away, textcoords="offset points", fontsize=6.5, **how)


def png(figure: Figure) -> bytes:
    """The figure as PNG without date or version, so that equal figures give equal bytes."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
    stream = io.BytesIO()
    _in_256_colours(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _in_256_colours(pixels: NDArray[np.uint8]) -> Image.Image:
    """Reduce to a palette, half for grays, which stay gray, and half for colors: fewer bytes, same appearance."""
    gray = np.ptp(pixels.astype(np.int16), axis=2) <= _GRAY_SPREAD
    index = (pixels.mean(axis=2).round() // 2).astype(np.uint8)
    palette = np.repeat(np.rint(np.linspace(0, 255, 128)).astype(np.uint8), 3).tolist()
    if not gray.all():
        colours = Image.fromarray(pixels[~gray][None]).quantize(
            128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        index[~gray] = 128 + np.asarray(colours)[0]
        palette += colours.getpalette() or []
    image = Image.fromarray(index, "P")
    image.putpalette(palette)
    return image
