"""Fills the page: which slices are shown, and how figures are worded."""

from __future__ import annotations

from importlib.resources import files
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.head import HeadOutline
from ichor.atomic import write_whole
from ichor.findings.schema import Findings, LesionFindings
from ichor.read.dicom.patient import Patient
from ichor.scan import Scan
from ichor.subtypes import Subtype
from ichor.write.report.pictures import Pictures
from ichor.write.report.plot import plot_of

KEY_SLICES = 6
LIKELIEST_SLICES = 3  # shown where nothing was marked
LESIONS_LISTED = 8
KINDS = {
    "ct-ich": "ct-ich 1.0.0 (JPG)",
    "ct-ich-nifti": "ct-ich (NIfTI)",
    "nifti": "NIfTI",
    "images": "images",
    "dicom": "DICOM",
}


def write_report(
    found: Findings,
    scan: Scan,
    labels: NDArray[np.uint8],
    head: HeadOutline,
    path: Path,
    patient: Patient | None = None,
) -> None:
    """Write the page for one scan; `labels` are those of `Lesions`, (n, rows, columns) on the grid of `scan`.

    It names the `patient` where one is given, which only a user who asked for it may have.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    here = files("ichor.write.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"ml": ml, "mm": mm, "abc": abc, "probability": probability_words, "count": count}
    page = environment.from_string(here.joinpath("page.html.j2").read_text(encoding="utf-8"))
    html = page.render(
        style=Markup(here.joinpath("style.css").read_text(encoding="utf-8")),  # noqa: S704 (our own file)
        found=found,
        patient=patient,
        kind=KINDS.get(found.scan.source_kind, found.scan.source_kind),
        flagged=ranges([one.index + 1 for one in found.slices if one.area_px]),
        highest=max(one.probability for one in found.slices),
        pictures=Pictures(scan, labels, head),
        # What the labels of the map are, from 1; of a method that tells no subtypes there is one and it has no name.
        names=tuple(Subtype) if found.hemorrhage.subtypes else (),
        key_slices=key_slices(found),
        plot=plot_of(found),
        lesions_listed=LESIONS_LISTED,
    )
    write_whole(path, html)


def key_slices(found: Findings) -> list[int]:
    """The slices to show large, from the lowest up: of largest area, else of highest probability."""
    if found.hemorrhage.present:
        flagged = [one for one in found.slices if one.area_px]
        chosen = sorted(flagged, key=lambda one: -one.area_px)[:KEY_SLICES]
    else:
        chosen = sorted(found.slices, key=lambda one: -one.probability)[:LIKELIEST_SLICES]
    return sorted(one.index for one in chosen)


def ranges(numbers: list[int]) -> str:
    """`3, 5–8` for 3, 5, 6, 7, 8."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def ml(value: float) -> str:
    """A volume with as many decimals as are worth reading."""
    if value < 0.01:
        return "< 0.01 mL"
    return f"{value:.1f} mL" if value >= 1 else f"{value:.2f} mL"


def mm(value: float) -> str:
    """A length, to the millimetre from 10 mm up."""
    return f"{_short(value)} mm"


def abc(lesion: LesionFindings) -> str:
    """The three lengths of ABC/2."""
    return " × ".join(_short(one or 0.0) for one in (lesion.a_mm, lesion.b_mm, lesion.c_mm)) + " mm"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def probability_words(value: float) -> str:
    """Two decimals, never rounded to certainty."""
    if value < 0.01:
        return "< 0.01"
    return "> 0.99" if value > 0.99 else f"{value:.2f}"


def count(value: int) -> str:
    """A number with its thousands apart."""
    return f"{value:,}"
