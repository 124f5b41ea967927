"""report.html: the validation on one page for screen and print, without scripts and without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.findings.schema import NOTICE
from ichor.pages.blocks import Section
from ichor.pages.inline import InlinePicture, inline_png
from ichor.pages.pictures.drawn import DrawnFigure
from ichor.validation import sections as of
from ichor.validation.adjudication import Adjudications
from ichor.validation.cases import Validated
from ichor.validation.comparison_section import comparison_sections
from ichor.validation.differences import differences
from ichor.validation.recalibration_section import recalibration_section
from ichor.validation.scored import CALLS, ScoredScans, scored

REPORT = "report.html"
ADJUDICATE_PORT = 8487  # where `ichor adjudicate` serves: the report's links lead there

Pictures = dict[str, InlinePicture]


def report_page(results: Mapping[str, Any], validated: Validated, ruled: Adjudications) -> str:
    """The page, from the content of validation.json."""
    from ichor.pages.templates import rendered

    adjudicated = results["adjudicated"]
    figures = results["figures"] if adjudicated is None else adjudicated["figures"]
    cases = validated.cases if adjudicated is None else ruled.corrected(validated.cases)
    pictures: Pictures = {}
    found = differences(validated, ruled)
    return rendered(
        "ichor.validation",
        "report.html.j2",
        notice=NOTICE,
        validated=validated,
        figures=figures,
        calls=of.CALLS,
        percent=of.percent,
        sections=_sections(results, figures, validated, scored(cases), pictures),
        pictures=pictures,
        differences=found,
        n_ruled=sum(bool(one.ruled) for one in found),
        adjudicated=adjudicated,
        port=ADJUDICATE_PORT,
    )


def _sections(
    results: Mapping[str, Any],
    figures: Mapping[str, Any],
    validated: Validated,
    scans: ScoredScans,
    pictures: Pictures,
) -> list[tuple[str, list[Section]]]:
    """The sections by the chapter that they are in."""
    problems = [one.mask_problem for one in validated.cases if one.mask_problem]
    masks = of.masks_section(results, problems)
    subtypes = of.subtypes_section(figures)
    drawn = _figures(figures, scans, pictures)
    chapters = [
        ("Detection", [_detection(results, validated), *([Section("Figures", drawn)] if drawn else [])]),
        (
            "By group",
            [*([subtypes] if subtypes else []), *of.groups_sections(figures), of.checks_section(figures)],
        ),
        ("Outlines", [masks] if masks else []),
        ("Comparison", [] if results["comparison"] is None else comparison_sections(results["comparison"], validated)),
        ("Recalibration", [recalibration_section(results["recalibration"])]),
        (
            "Planning and data",
            [of.power_section(results, validated), of.table_section(validated.table, figures["scans"])],
        ),
    ]
    return [(title, sections) for title, sections in chapters if sections]


def _detection(results: Mapping[str, Any], validated: Validated) -> Section:
    adjudicated = results["adjudicated"]
    intervals = (
        "Rates have exact 95 % intervals (Clopper and Pearson), corrected for patients with several scans; the "
        "intervals of all other figures except the predictive values are from resampling patients."
    )
    words = f"{of.prevalence_words(validated)} {intervals}"
    if adjudicated is None:
        return Section("All scans", (*of.detection_tables(results["figures"], ""), words))
    caution = (
        f"{adjudicated['scans']} scans were adjudicated, and the truth of {len(adjudicated['changed'])} changed. If "
        "only scans on which the model and the table differ are reviewed, the figures can only improve, so those with "
        "the truth of the table are shown, too."
    )
    return Section(
        "All scans",
        (
            *of.detection_tables(adjudicated["figures"], "With the truth as adjudicated"),
            *of.detection_tables(results["figures"], "With the truth of the table"),
            caution,
            words,
        ),
    )


def _figures(figures: Mapping[str, Any], scans: ScoredScans, pictures: Pictures) -> tuple[DrawnFigure, ...]:
    """Draw the curves into `pictures`; nothing without scans of both classes."""
    if not scans.both_classes:
        return ()
    from ichor.pages.pictures.curves import Scored
    from ichor.pages.pictures.detection import detection_figure
    from ichor.pages.pictures.reliability import reliability_figure
    from ichor.pages.pictures.style import png

    found = figures["detection"]
    n, with_it = len(scans), int(scans.truth.sum())
    curves = DrawnFigure(
        "detection",
        f"ROC and precision-recall curves of {n} scans, {with_it} with hemorrhage. The bands are 95 % intervals from "
        "resampling patients; the marks are the two cutoffs.",
        f"ROC curve, area {of.plain(found['auc'])}, and precision-recall curve, average precision "
        f"{of.plain(found['average_precision'])}.",
    )
    calibration = DrawnFigure(
        "calibration",
        "Calibration: the share of scans with hemorrhage against the predicted probability, in ten bins, with the "
        "number of scans in each bin below. On the dashed line, the two agree.",
        f"Reliability diagram, expected calibration error {of.plain(found['calibration_error'])}.",
    )
    calls = {f"hemorrhage {of.CALLS[call.value]}": scans.called[call] for call in CALLS}
    cases = Scored("scans", scans.truth, scans.probability, scans.patient, scans.n_patients)
    auc, precision = (of.plain(found[name]).value for name in ("auc", "average_precision"))
    pictures[curves.file] = inline_png(png(detection_figure(cases, calls, auc, precision)))
    error = of.plain(found["calibration_error"]).value
    pictures[calibration.file] = inline_png(
        png(reliability_figure({"scan": found["calibration_curve"]}, {"scan": error}))
    )
    return curves, calibration
