"""The parts of the report as tables and paragraphs (`ichor.pages.blocks`), from the figures of validation.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ichor.pages.blocks import Cell, Section, Table
from ichor.pages.words import UNDEFINED, cell
from ichor.subtypes import Subtype
from ichor.validation.cases import Source, Validated

Figure = Mapping[str, Any] | None

CALLS = {"possible": "possible or suspected", "suspected": "suspected"}
_RATES = (
    ("sensitivity", "sensitivity"),
    ("specificity", "specificity"),
    ("positive predictive value", "positive_predictive_value"),
    ("negative predictive value", "negative_predictive_value"),
)
_AREAS = (
    ("area under the ROC curve", "auc"),
    ("average precision", "average_precision"),
    ("Brier score (lower is better)", "brier"),
    ("expected calibration error (lower is better)", "calibration_error"),
)


def percent(figure: Figure) -> Cell:
    """A share in percent, with its interval and the counts if they are known."""
    if figure is None or figure.get("value") is None:
        n = 0 if figure is None else figure.get("n", 0)
        return Cell(UNDEFINED if n else "no such scan")
    low, high = (f"{100 * one:.1f}" for one in figure["ci95"])
    counts = f"; {figure['count']} of {figure['n']}" if "count" in figure else ""
    return Cell(f"{100 * figure['value']:.1f} %", f"{low} to {high} %{counts}")


def plain(figure: Figure) -> Cell:
    """A figure that is not a share, with its interval."""
    return cell(None if figure is None or figure.get("value") is None else figure)


def difference(figure: Mapping[str, Any], *, share: bool = False) -> tuple[Cell, str]:
    """A paired difference with its interval, and its p-value; with `share`, in percentage points."""
    if figure["value"] is None or figure["ci95"] is None:
        return Cell(UNDEFINED), ""
    factor, decimals = (100, 1) if share else (1, 3)
    value, low, high = (f"{factor * one:+.{decimals}f}" for one in (figure["value"], *figure["ci95"]))
    won = f"; {figure['only_first']} lost, {figure['only_second']} won" if "only_first" in figure else ""
    return Cell(f"{value}{' points' if share else ''}", f"{low} to {high}{won}"), p_words(figure["p"])


def detection_tables(figures: Mapping[str, Any], caption: str) -> tuple[Table, Table]:
    """Rates and predictive values at both cutoffs, and the areas."""
    found = figures["detection"]
    calls = found["calls"]
    rows: list[tuple[str | Cell, ...]] = [
        (name, *(percent(calls[call][key]) for call in CALLS)) for name, key in _RATES
    ]
    tables = [calls[call]["table"] for call in CALLS]
    counts = (
        ("scans with hemorrhage: positive, negative", "true_positive", "false_negative"),
        ("scans without hemorrhage: positive, negative", "false_positive", "true_negative"),
    )
    rows += [(name, *(f"{one[called]}, {one[not_called]}" for one in tables)) for name, called, not_called in counts]
    return (
        Table(("", *(f"hemorrhage {words}" for words in CALLS.values())), tuple(rows), caption),
        Table(("", "value, 95 % interval"), tuple((name, plain(found[key])) for name, key in _AREAS)),
    )


def prevalence_words(validated: Validated) -> str:
    """For which share of scans with hemorrhage the predictive values hold."""
    one = validated.prevalence
    if one is None:
        return "All scans are of one class: predictive values need both classes, or --prevalence."
    source = (
        "as given with --prevalence"
        if one.given
        else "that of the table, which is right only if its scans are consecutive; give your own with --prevalence"
    )
    return f"Predictive values apply at a prevalence of {100 * one.value:.1f} %, {source}."


def subtypes_section(figures: Mapping[str, Any]) -> Section | None:
    """Sensitivity for each subtype; None if no scan has a known one."""
    rows = [
        (
            Subtype(one["subtype"]).label,
            str(one["n"]),
            *(percent(one["sensitivity"][call]) for call in CALLS),
            plain(one["auc"]) if one["auc"] is not None else UNDEFINED,
        )
        for one in figures["subtypes"]
        if one["n"]
    ]
    if not rows:
        return None
    columns = ("subtype", "scans", *(f"sensitivity, {words}" for words in CALLS.values()), "AUC of the subtype")
    note = (
        "A scan with several subtypes counts for each of them. The last column is how well the model's probability of "
        "the subtype separates scans with the subtype from all others."
    )
    return Section("By subtype", (Table(columns, tuple(rows)), note))


def groups_sections(figures: Mapping[str, Any]) -> list[Section]:
    """A table for each grouping."""
    columns = (
        *("", "scans"),
        *(f"{rate}, {words}" for words in CALLS.values() for rate in ("sensitivity", "specificity")),
        "AUC",
    )
    return [
        Section(
            f"By {name}",
            (
                Table(
                    columns,
                    tuple(
                        (
                            one["group"] or "not known",
                            Cell(str(one["n"]), f"{one['with_hemorrhage']} with hemorrhage"),
                            *(percent(one[call][rate]) for call in CALLS for rate in ("sensitivity", "specificity")),
                            plain(one["auc"]) if one["auc"] is not None else "too few scans",
                        )
                        for one in groups
                    ),
                ),
            ),
        )
        for name, groups in figures["groups"].items()
    ]


def checks_section(figures: Mapping[str, Any]) -> Section:
    """Whether the model is wrong more often on scans with warnings about the input."""
    found = figures["checks"]
    rows = [
        ("no check failed", percent(found["passed"])),
        ("at least one check failed", percent(found["failed"])),
        *((f"“{one['check']}” failed", percent(one)) for one in found["each"]),
    ]
    p = (
        ""
        if found["p"] is None
        else f" At least one failed check against none: p {p_relation(found['p'])} (Fisher's exact test)."
    )
    words = (
        "Input checks test whether a scan is within the model's intended input. A result counts as wrong if "
        f"hemorrhage is suspected in a scan without it, or not suspected in a scan with it.{p}"
    )
    return Section("Warnings and errors", (Table(("input checks", "wrong results"), tuple(rows)), words))


_MASKS = (
    ("Dice", "dice"),
    ("surface Dice at 2 mm", "surface_dice_2mm"),
    ("95th percentile Hausdorff distance, mm", "hd95_mm"),
    ("volume error, mL", "volume_error_ml"),
    ("absolute volume error, mL", "absolute_volume_error_ml"),
    ("share of lesions found", "lesion_sensitivity"),
    ("share of marked lesions that are hemorrhage", "lesion_precision"),
)


def masks_section(results: Mapping[str, Any], problems: Sequence[str]) -> Section | None:
    """Overlap with the delineations; None if there are none."""
    found = results["masks"]
    said = (
        [f"Delineations that could not be used: {len(problems)}. The first problem: {problems[0]}"] if problems else []
    )
    if found is None:
        return Section("Outlines", tuple(said)) if said else None
    rows = tuple((name, plain(found[key]), str(found[key]["n"])) for name, key in _MASKS)
    note = (
        f"These figures are from {found['n']} scans with a delineation of hemorrhage. A scan in which one of the masks "
        "is empty has no Hausdorff distance; lesions below 0.01 mL are left out."
    )
    return Section("Outlines", (Table(("figure", "mean, 95 % interval", "n"), rows), note, *said))


def power_section(results: Mapping[str, Any], validated: Validated) -> Section:
    """How many scans are needed."""
    rows = tuple(
        (
            f"{100 * one['share']:.0f} %",
            f"{100 * one['width']:.0f} points",
            str(one["of_class"]),
            "" if one["for_sensitivity"] is None else str(one["for_sensitivity"]),
            "" if one["for_specificity"] is None else str(one["for_specificity"]),
        )
        for one in results["power"]
    )
    columns = (
        *("true rate", "width of the 95 % interval", "scans of the class"),
        *("consecutive scans, for sensitivity", "consecutive scans, for specificity"),
    )
    at = "" if validated.prevalence is None else f", at a prevalence of {100 * validated.prevalence.value:.1f} %"
    words = (
        "How many scans of a class are needed for the exact interval of a rate to have this width on average: scans "
        "with hemorrhage for the sensitivity, and scans without for the specificity. The last columns give the number "
        f"of consecutive scans that contain this many on average{at}."
    )
    return Section("How many scans are needed", (Table(columns, rows), words))


def table_section(source: Source, counts: Mapping[str, int]) -> Section:
    """How the table was understood, and what was left out."""
    rows = tuple((" ".join(one.column.split()), one.role, one.says) for one in source.columns)
    left = [
        (counts["not_screened"], "scan", "that could not be screened"),
        (counts["truth_unknown"], "scan", "of unknown truth"),
        (len(source.rows_without_scan), "row", "without a scan"),
        (source.scans_without_row, "scan", "without a row"),
    ]
    told = [f"{n} {noun}{'' if n == 1 else 's'} {which}" for n, noun, which in left if n]
    out = f" Left out: {', '.join(told)}." if told else ""
    words = f"{source.name} has {counts['in_table']} rows with a scan, matched by {source.joined_by}.{out}"
    return Section("The table", (words, Table(("column", "understood as", "content"), rows)))


def p_words(p: float) -> str:
    """A p-value."""
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def p_relation(p: float) -> str:
    """A p-value after "p", in a sentence."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
