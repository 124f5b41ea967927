"""The page of the study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from studies.detection_limits.counts import MaskCounts
from studies.detection_limits.influence import (
    Figures,
    Missed,
    SubjectScores,
    figures_of,
    lowest_ranked,
    most_influential,
)

CountsByThreshold = Mapping[float, MaskCounts]
PAGE = """# What limits the detection

The networks of `{name}`, evaluated out-of-fold: {n} subjects, {with_hemorrhage} of them with hemorrhage; {slices} slices,
{positive} of them with hemorrhage.

## Which subjects decide the figures

The same scores without single subjects: for each figure, the two subjects whose removal raises it most. The specificity
at 97 % sensitivity is determined by the {lowest} slices with hemorrhage that are ranked lowest, of subjects {of_lowest}.

| without | slice AUC | specificity at 97 % slice sensitivity | scan AUC |
|---|---|---|---|
{left_out}

These are not results of the model, which is evaluated on all subjects; they show how few subjects a change depends on.

## What is missed

Subjects in whose delineation no voxel is marked, though others may be. Area: the largest on a slice (nominal). Contrast:
how much brighter the delineated region is there than the brain within 5 mm around it. Probability: the highest of any
slice with hemorrhage.

| subject | slices with hemorrhage | area, mm² | contrast, HU | subtypes | slice probability |
|---|---|---|---|---|---|
{missed}

## At the operating points

All subjects, out-of-fold, at each operating point. Dice is the paper's average, without 070. Sensitivity and specificity
are those of slices, which count as positive if any voxel is marked, even outside the hemorrhage: so a subject can be
missed on slices that count as found. Scans and mL are of scans without hemorrhage. `{in_use}` is the operating point of
the run; for the others the stored raw output was postprocessed again, in which probabilities are rounded to a tenth of a
logit.

| operating point | Dice | subjects missed | sensitivity | specificity | scans unmarked | mL, median; 95th percentile |
|---|---|---|---|---|---|---|
{points}

## What missing fewer would take

The same if every voxel with at least a given probability is marked, without outlines. Probabilities are those of the
model: calibrated, and multiplied by the output of its false-positive classifier.

| threshold | Dice | subjects missed | sensitivity | specificity | scans unmarked | mL, median; 95th percentile |
|---|---|---|---|---|---|---|
{thresholds}

Reproduce with `python -m studies.detection_limits RUN --data ct-ich --out results/detection-limits`. Derived from
ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


def page(
    metrics: Mapping[str, Any],
    scores: Mapping[str, SubjectScores],
    missed: Sequence[Missed],
    points: Mapping[str, MaskCounts],
    at_thresholds: CountsByThreshold,
) -> str:
    """The README of the result, from the `metrics` of the run and the results of the analysis."""
    influential, lowest = most_influential(scores), lowest_ranked(scores)
    counts = sorted(Counter(lowest).items(), key=lambda of: (-of[1], of[0]))
    rows: dict[str, list[str]] = {"no subject": [], **{subject: [subject] for subject in influential}}
    if len(influential) > 1:
        rows["all of these"] = influential
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
        thresholds="\n".join(f"| {threshold:g} | {marked.cells()} |" for threshold, marked in at_thresholds.items()),
    )


def _figures_row(who: str, of: Figures) -> str:
    return f"| {who} | {of.slice_auc:.3f} | {100 * of.specificity:.1f} % | {of.scan_auc:.3f} |"


def _missed_row(of: Missed) -> str:
    contrast = "" if of.contrast_hu is None else f"{of.contrast_hu:.0f}"
    subtypes = ", ".join(of.subtypes)
    return f"| {of.subject} | {of.slices} | {of.area_mm2:.0f} | {contrast} | {subtypes} | {of.slice_probability:.3f} |"
