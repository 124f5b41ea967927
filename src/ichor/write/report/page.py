"""Fills the page's template: selects the slices to show, and formats numbers."""

from __future__ import annotations

from importlib.resources import files
from itertools import groupby

import numpy as np

from ichor.findings.parts import LesionFindings
from ichor.findings.schema import Findings
from ichor.findings.verdict import Tier
from ichor.subtypes import HALO, HEMORRHAGE_COLOUR, Subtype
from ichor.write.report.pictures import Pictures
from ichor.write.report.plot import plot_of
from ichor.write.result import Result

KEY_SLICES = 6
LIKELIEST_SLICES = 3  # shown where nothing is suspected
LESIONS_LISTED = 8
TITLE_CHARACTERS = 60  # of a name on each printed page
KINDS = {
    "ct-ich": "ct-ich 1.0.0 (JPG)",
    "ct-ich-nifti": "ct-ich (NIfTI)",
    "nifti": "NIfTI",
    "images": "images",
    "dicom": "DICOM",
}


def report_of(result: Result) -> str:
    """The page of one scan, as HTML. It shows the patient's name only if the result has it."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    found, labels = result.findings, result.labels
    if labels is None:
        labels = np.zeros(result.scan.voxels.shape, np.uint8)
    here = files("ichor.write.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"ml": ml, "mm": mm, "abc": abc, "probability": probability_words, "count": count}
    environment.filters |= {"percent": percent, "css_string": lambda text: Markup(css_string(text))}  # noqa: S704
    page = environment.from_string(here.joinpath("page.html.j2").read_text(encoding="utf-8"))
    return page.render(
        style=Markup(here.joinpath("style.css").read_text(encoding="utf-8")),  # noqa: S704 (our own file)
        halo=HALO,
        hemorrhage_colour=HEMORRHAGE_COLOUR,
        running_title=_running_title(result),
        found=found,
        patient=result.patient,
        kind=KINDS.get(found.scan.source_kind, found.scan.source_kind),
        flagged=ranges([one.index + 1 for one in found.slices if one.flagged]),
        highest=max(one.probability for one in found.slices),
        pictures=Pictures(result.scan, labels, result.head),
        # What the labels of the map are, from 1; of a method without subtypes there is one and it has no name.
        names=tuple(Subtype) if found.hemorrhage.subtypes and result.labels is not None else (),
        key_slices=key_slices(found),
        plot=plot_of(found),
        lesions_listed=LESIONS_LISTED,
    )


def key_slices(found: Findings) -> list[int]:
    """The slices to show large, the lowest first.

    They are the slices on which each lesion in the table, and the largest lesion of each other subtype, is largest; if
    these are few, also those with the largest marked areas. If nothing is marked, they are those with the highest
    probability.
    """
    lesions = found.hemorrhage.lesions
    if not lesions:
        most = LIKELIEST_SLICES if found.tier is Tier.NONE else KEY_SLICES
        return sorted(one.index for one in sorted(found.slices, key=lambda one: -one.probability)[:most])
    largest_of = {one.subtype: one for one in reversed(lesions)}  # the first of each comes last
    chosen = {one.centre_slice for one in (*lesions[:LESIONS_LISTED], *largest_of.values())}
    marked = (one for one in found.slices if one.area_px and one.index not in chosen)
    others = [one.index for one in sorted(marked, key=lambda one: -(one.area_px or 0))]
    return sorted([*chosen, *others[: max(0, KEY_SLICES - len(chosen))]])


def _running_title(result: Result) -> str:
    """The title of each printed page: the scan's name and, if the report shows it, the patient's name."""
    name = result.findings.scan.name
    if result.patient is None or not result.patient.name:
        return _shortened(name)
    return f"{_shortened(name)}, {_shortened(result.patient.name)}"


def _shortened(text: str) -> str:
    return text if len(text) <= TITLE_CHARACTERS else text[: TITLE_CHARACTERS - 1] + "…"


def css_string(text: str) -> str:
    """A text as a CSS string, in which everything except letters, digits and spaces is escaped."""
    return (
        '"'
        + "".join(one if one.isascii() and (one.isalnum() or one == " ") else f"\\{ord(one):x} " for one in text)
        + '"'
    )


def ranges(numbers: list[int]) -> str:
    """`3, 5–8` for 3, 5, 6, 7, 8."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def ml(value: float) -> str:
    """A volume with a sensible number of decimals."""
    if value < 0.01:
        return "< 0.01 mL"
    return f"{value:.1f} mL" if value >= 1 else f"{value:.2f} mL"


def mm(value: float) -> str:
    """A length, rounded to millimeters from 10 mm on."""
    return f"{_short(value)} mm"


def abc(lesion: LesionFindings) -> str:
    """The three lengths of ABC/2."""
    return " × ".join(_short(one or 0.0) for one in (lesion.a_mm, lesion.b_mm, lesion.c_mm)) + " mm"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def probability_words(value: float) -> str:
    """A probability with two decimals, never rounded to 0 or 1."""
    if value < 0.01:
        return "< 0.01"
    return "> 0.99" if value > 0.99 else f"{value:.2f}"


def percent(fraction: float, unit: bool = True) -> str:
    """A fraction in percent, rounded to an integer."""
    return f"{100 * fraction:.0f}{' %' * unit}"


def count(value: int) -> str:
    """A number with thousands separators."""
    return f"{value:,}"
