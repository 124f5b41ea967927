"""The page of the study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from studies.detection_limits.marked import Marked
from studies.detection_limits.telling import Figures, Missed, Scored, figures_of, lowest_ranked, most_telling

Plain = Mapping[float, Marked]  # by the threshold from which on every voxel is marked
PAGE = """# What limits the detection

The networks of `{name}`, each on the test subjects of its own fold: {n} subjects, {with_hemorrhage} of these with
hemorrhage; {slices} slices, {positive} of these with hemorrhage.

## What the figures hang on

The same scores without single subjects: the two whose absence raises a figure most, for each of the figures. The
specificity at 97 % sensitivity is decided by those slices with hemorrhage that are ranked lowest, {lowest} in number,
of {of_lowest}.

| without | slice AUC | specificity at 97 % slice sensitivity | scan AUC |
|---|---|---|---|
{left_out}

These are no results of the model, which is judged on all subjects; they tell on how few a change of them hangs.

## What is missed

Subjects of whose delineation no voxel is marked; something else may be. The area is the largest on a slice (nominal),
the contrast what the delineation there is brighter than the brain within 5 mm around it, the probability the highest of
a slice with hemorrhage.

| subject | slices with hemorrhage | area, mm² | contrast, HU | subtypes | slice's probability |
|---|---|---|---|---|---|
{missed}

## At the operating points

Every subject by the model of its own fold, at each of this model's operating points. The Dice is the paper's average,
without 070. Sensitivity and specificity are of slices, called where any voxel is marked, be it beside the hemorrhage:
so a subject can be missed on slices that are called. Scans and mL are of scans without hemorrhage. `{in_use}` is what
the run decided by; for the others its kept answers are decided again, in which probabilities are tenths of a logit.

| operating point | Dice | subjects missed | sensitivity | specificity | scans unmarked | mL, median; 95th percentile |
|---|---|---|---|---|---|---|
{points}

## What missing fewer would take

The same where every voxel from a probability on is marked, without outlines. These are probabilities as the model gives
them: calibrated, and weighed by how likely the lesion is one.

| from | Dice | subjects missed | sensitivity | specificity | scans unmarked | mL, median; 95th percentile |
|---|---|---|---|---|---|---|
{thresholds}

Made again by `python -m studies.detection_limits RUN --data ct-ich --out results/detection-limits`. Derived from
ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


def page(
    metrics: Mapping[str, Any],
    scores: Mapping[str, Scored],
    missed: Sequence[Missed],
    points: Mapping[str, Marked],
    plain: Plain,
) -> str:
    """The README of the result; `metrics` are the run's."""
    telling, lowest = most_telling(scores), lowest_ranked(scores)
    counts = sorted(Counter(lowest).items(), key=lambda of: (-of[1], of[0]))
    rows: dict[str, list[str]] = {"nobody": [], **{subject: [subject] for subject in telling}}
    if len(telling) > 1:
        rows["all of these"] = telling
    positive = [one.positive for one in scores.values()]
    return PAGE.format(
        name=metrics["experiment"],
        in_use=next(iter(metrics["made_by"]["parameters"].values()))["operating_point"],
        n=len(scores),
        with_hemorrhage=sum(of.any() for of in positive),
        slices=sum(map(len, positive)),
        positive=sum(of.sum() for of in positive),
        lowest=len(lowest),
        of_lowest=", ".join(f"{subject} ({times})" for subject, times in counts),
        left_out="\n".join(_figures_row(who, figures_of(scores, without)) for who, without in rows.items()),
        missed="\n".join(map(_missed_row, missed)),
        points="\n".join(f"| `{point}` | {marked.cells()} |" for point, marked in points.items()),
        thresholds="\n".join(f"| {threshold:g} | {marked.cells()} |" for threshold, marked in plain.items()),
    )


def _figures_row(who: str, of: Figures) -> str:
    return f"| {who} | {of.slice_auc:.3f} | {100 * of.specificity:.1f} % | {of.scan_auc:.3f} |"


def _missed_row(of: Missed) -> str:
    contrast = "" if of.contrast_hu is None else f"{of.contrast_hu:.0f}"
    subtypes = ", ".join(of.subtypes)
    return f"| {of.subject} | {of.slices} | {of.area_mm2:.0f} | {contrast} | {subtypes} | {of.slice_probability:.3f} |"
