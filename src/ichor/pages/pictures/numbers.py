"""The figures that show data, each with its caption and alternative text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ichor.evaluate.detection import rates
from ichor.evaluate.detection_metrics import RULE_PX
from ichor.evaluate.prediction import TABLE_THRESHOLDS
from ichor.evaluate.results import SubjectResult
from ichor.pages.paper import TABLE_6
from ichor.pages.pictures.bland_altman import bland_altman_figure
from ichor.pages.pictures.curves import Scored, scans_of, slices_of
from ichor.pages.pictures.drawn import DrawnFigure
from ichor.pages.pictures.reliability import reliability_figure
from ichor.pages.pictures.roc import Point, roc_figure
from ichor.pages.pictures.survey import Survey
from ichor.pages.pictures.words import figure_at, with_interval

Drawn = tuple[DrawnFigure, Figure]

_BAND = "the band is the 95 % interval from resampling subjects"
_NOMINAL = "Pixel size and slice distance are nominal, so volumes may be too low."


def number_figures(survey: Survey, metrics: Mapping[str, Any]) -> Iterator[Drawn]:
    """Draw all figures for which there are data; a curve needs cases of both classes."""
    cases = [one for one in (slices_of(survey.results), scans_of(survey.results)) if one.both_classes]
    if cases:
        yield _roc(survey.results, cases, metrics)
    calibration = metrics.get("calibration") or {}
    curves = {name: calibration[name]["curve"] for name in ("slice", "scan") if name in calibration}
    if curves:
        yield _reliability(curves, metrics)
    known = [r for r in survey.bleeding if r.volume_ml is not None and r.reference_volume_ml is not None]
    limits = (metrics.get("volume") or {}).get("bland_altman")
    if known and limits:
        yield _bland_altman(known, limits)


def _roc(results: Sequence[SubjectResult], cases: Sequence[Scored], metrics: Mapping[str, Any]) -> Drawn:
    points = _points(results)
    auc = {one.name: with_interval(figure_at(metrics, one.name[:-1], "auc")) for one in cases}
    band = f"ROC of {_counts(cases)}; {_BAND}."
    areas = "ROC curves with areas " + ", ".join(f"{auc[one.name]} for {one.name}" for one in cases) + "."
    if not points:
        return DrawnFigure("roc", f"{band} The curve is for the slice probability.", areas), roc_figure(cases, [], auc)
    words = DrawnFigure(
        "roc",
        f"{band} The panel of slices also shows the five operating points of the paper's Table 6 "
        f"(voxel thresholds {TABLE_6[0].threshold} to {TABLE_6[-1].threshold}) and ours by the same rule: a slice is "
        f"positive if its mask has more than {RULE_PX} pixels. The curve is for the slice probability.",
        f"{areas} By the 400-pixel rule, sensitivity and specificity go from "
        f"{_pair(points[0])} to {_pair(points[-1])}; the paper's go from "
        f"{_pair(tuple(TABLE_6[0])[:3])} to {_pair(tuple(TABLE_6[-1])[:3])}.",
    )
    return words, roc_figure(cases, points, auc)


def _points(results: Sequence[SubjectResult]) -> list[Point]:
    """Our operating points by the paper's rule; none for a detector, which has no mask."""
    if not all(r.areas for r in results):
        return []
    truth = np.concatenate([r.positive[r.known_slices] for r in results])
    points = []
    for t in TABLE_THRESHOLDS:
        areas = np.concatenate([r.areas[t][r.known_slices] for r in results])
        sensitivity, specificity, _ = rates(truth, areas > RULE_PX)
        points.append((t, sensitivity, specificity))
    return points


def _reliability(curves: Mapping[str, Any], metrics: Mapping[str, Any]) -> Drawn:
    error = {name: with_interval(figure_at(metrics, "calibration", name, "ece")) for name in curves}
    words = DrawnFigure(
        "reliability",
        "Reliability of the slice and scan probabilities in ten bins of equal width, with the number of cases in each "
        "(bars on a logarithmic scale). "
        "Below the diagonal, probabilities are too high.",
        "Reliability curves with expected calibration error "
        + ", ".join(f"{value} for {name}s" for name, value in error.items()),
    )
    return words, reliability_figure(curves, error)


def _bland_altman(results: Sequence[SubjectResult], limits: Mapping[str, Any]) -> Drawn:
    bias, low, high = (
        with_interval(figure_at(limits, f"{name}_ml"), 1) for name in ("bias", "lower_limit", "upper_limit")
    )
    words = DrawnFigure(
        "bland-altman",
        f"Volume by this method minus that of the delineation, over the mean of both (Bland and Altman 1986), for the "
        f"{len(results)} scans with hemorrhage that are not excluded from overlap: bias {bias} mL, limits of agreement "
        f"{low} and {high} mL, each with its 95 % interval as a bar on the right. {_NOMINAL}",
        f"Bland-Altman plot of volumes: bias {bias} mL, limits of agreement {low} and {high} mL.",
    )
    return words, bland_altman_figure(results, limits)


def _counts(cases: Sequence[Scored]) -> str:
    return " and ".join(f"{len(one.truth)} {one.name} ({one.truth.sum()} with hemorrhage)" for one in cases)


def _pair(point: Sequence[float]) -> str:
    return f"{point[1]:.2f} and {point[2]:.2f}"
