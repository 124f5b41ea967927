"""The page of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.models.package import INT8
from ichor.pages.blocks import Table
from ichor.pages.markdown import table
from studies.figure_text import figure_text
from studies.robustness.before import before_and_after
from studies.robustness.conditions import CONDITIONS
from studies.robustness.figures import AGES

_COLUMNS = (
    ("noise, HU", "noise_hu", ".1f"),
    ("sensitivity", "sensitivity", ".3f"),
    ("specificity", "specificity", ".3f"),
    ("scan AUC", "scan_auc", ".3f"),
    ("false-positive mL, median", "false_positive_ml_median", ".2f"),
    ("false-positive mL, 95th percentile", "false_positive_ml_p95", ".2f"),
)

_PAGE = """# Robustness to the acquisition of a scan

The models of `{experiment}`{variant}, evaluated out-of-fold on the {n} test subjects ({folds}), on the scans as they are
and on simulated acquisitions. Nothing was recalibrated. Dice is the paper's average, without 070; detection includes all
subjects; a slice counts as positive if its mask has any pixel. Differences from the unchanged scans are paired, with 95
% intervals from resampling subjects; robustness.json has the intervals of all figures.

{conditions}

Conditions whose difference has an interval that excludes 0. {moved}{alike}

Noise is measured in the brain: the mean over subjects of the median standard deviation in squares of 5 mm, on pixels of
about 0.8 mm.

Children and adults, unchanged scans; the difference, children less adults, is {less}:

{ages}
{before}
How each condition is simulated. Scan, delineation and labels change together; a resampled voxel counts as hemorrhage if
at least half of its interpolation weights come from hemorrhage:

- **Thickness.** Thicker slices are averages of the 5 mm slices, weighted by overlap. Thinner slices are interpolated.
  Unlike real ones, they have neither more detail nor more noise: these rows only test how thin slices are processed.
- **Kernel.** Smooth: a Gaussian of 0.7 mm. Sharp: unsharp masking, which adds twice what that Gaussian removes, noise
  included.
- **Noise.** CT noise has a power spectrum that peaks at 0.25 per mm, as with a soft kernel, so most of it reaches a
  network that works on pixels of 0.8 mm. White noise on the scan's own pixels is averaged away.
- **Window.** 8-bit images from 0 to 80 HU; values outside are lost.
- **Tilt and nod.** The gantry is tilted by 15° with the front higher; the head is nodded by 10°, chin to chest. Both are
  interpolated between slices of 5 mm, so edges are smoother and noise is lower than in a real scan. The first and last
  slices are repeated beyond the ends of the scan.
- **Position of the head.** The head is turned to the right about its center; moved 15 mm to the back and 25 mm to the
  left in a larger field of view; or 10 mm of its left side are outside the image.
{further}
Reproduce with `{command}`. Derived from ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0.
Research use only; not a medical device.
"""


_FURTHER = """- **Thin slices with their noise.** The same slices of 1 and 2.5 mm, with the noise that they have at the same dose: it
  grows with the inverse square root of the thickness.
- **Low dose.** CT noise whose strength follows from the photons that each ray loses: more behind bone.
- **Kernel by frequency.** One that doubles the frequencies around 0.35 per mm, so that the skull overshoots.
- **Bright rim, beam hardening, metal, motion, truncation, thick overlapping slices.** Errors of the projections,
  reconstructed by filtered back projection and added to the image. The rim is the blurred edge of the skull and the
  cupping of hardened rays.
- **Mimics.** Grown into every scan, with hemorrhage or without; they are not in the delineation.
- **Single pictures.** Every slice alone, 8-bit, in one window, of unknown pixel size, read as the brain window whatever it
  is. The probability of a scan is the highest of its pictures.

The code of each is in src/ichor/simulate, with its sources.
"""


_ALIKE = """

The model was trained on simulations of this kind (kernels, CT noise, intermediate slices, narrower windows; the sharp
kernel and the noise of 20 HU are the strongest of them). These rows show that it learned them, not how it performs on
images of another scanner."""


def page(found: Mapping[str, Any]) -> str:
    """The README of the result."""
    titles = {c.key: c.title for c in CONDITIONS}
    conditions = {titles[key]: row for key, row in found["conditions"].items()}
    ages = found["by_age"]
    return _PAGE.format(
        experiment=found["experiment"],
        variant=" (in int8, which shipped at the time)" if found["networks"] == [INT8] else "",
        n=found["data"]["n_subjects"],
        folds="fold " + ", ".join(map(str, found["folds"])),
        conditions=_table(conditions, compared=True),
        moved=_moved(conditions),
        alike=_ALIKE if found["trained_on_such"] else "",
        ages=_table({name: ages[name] for name in AGES}, compared=False),
        less=", ".join(
            f"{figure_text(ages['difference'][key], '+.3f', interval=True)} in {name}"
            for key, name in (("dice", "Dice"), ("slice_auc", "slice AUC"))
        ),
        before=before_and_after(found, titles),
        further=_FURTHER if any(key.startswith("picture-") for key in found["conditions"]) else "",
        command=found["made_by"]["command"],
    )


def _table(rows: Mapping[str, Mapping[str, Any]], *, compared: bool) -> str:
    """A table with a row of figures for each name; `compared` adds the differences from the unchanged scans."""
    columns = [one for one in _COLUMNS if all(one[1] in row for row in rows.values())]  # earlier results have fewer
    names = ["", "subjects", "slices"]
    for name in ("Dice", "slice AUC"):
        names += [name, "less unchanged"] if compared else [name]
    names += [*(name for name, _, _ in columns), "missed"]
    cells_of = []
    for name, row in rows.items():
        cells = [name, f"{row['scan_auc']['n']}, {row['dice']['n']} with a Dice", str(row["slice_auc"]["n"])]
        for key in ("dice", "slice_auc"):
            cells.append(figure_text(row[key], ".3f", interval=not compared))
            if compared:
                less = row.get("less_unchanged")
                cells.append(figure_text(less[key], "+.3f", interval=True) if less else "")
        cells += [figure_text(row[key], form) for _, key, form in columns]
        cells_of.append([*cells, ", ".join(row["missed"]) or "none"])
    return table(Table(tuple(names), tuple(map(tuple, cells_of))))


def _moved(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    """Sentences that list the conditions with a significant difference in Dice or slice AUC."""
    sentences = []
    for key, name in (("dice", "Dice"), ("slice_auc", "Slice AUC")):
        intervals = {
            title: row["less_unchanged"][key]["ci95"]
            for title, row in conditions.items()
            if "less_unchanged" in row and row["less_unchanged"][key]["ci95"]
        }
        lower = [title for title, (_, high) in intervals.items() if high < 0]
        higher = [title for title, (low, _) in intervals.items() if low > 0]
        sentences.append(f"{name} is lower: {', '.join(lower) or 'nowhere'}; higher: {', '.join(higher) or 'nowhere'}.")
    return " ".join(sentences)
