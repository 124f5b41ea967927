"""The section of the report that compares two models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.findings.verdict import Tier
from ichor.pages.blocks import Cell, Section, Table
from ichor.validation.cases import Validated
from ichor.validation.sections import CALLS, difference, p_words, percent, plain

_AREAS = (
    ("area under the ROC curve", "auc"),
    ("Brier score (lower is better)", "brier"),
    ("expected calibration error (lower is better)", "calibration_error"),
)
MOST_LISTED = 100


def comparison_sections(found: Mapping[str, Any], validated: Validated) -> list[Section]:
    """Figures and differences, then the verdicts that change."""
    assert validated.other is not None
    model, other = validated.model.words, validated.other.words
    if not found["scans"]:
        return [
            Section("Figures of both", (f"There is no scan of known truth that both {model} and {other} screened.",))
        ]
    rows: list[tuple[str | Cell, ...]] = []
    for call, words in CALLS.items():
        for rate, one in found["calls"][call].items():
            shown = percent(one["other"]), percent(one["model"])
            rows.append((f"{rate}, {words}", *shown, *difference(one["difference"], share=True)))
    for words, name in _AREAS:
        one = found[name]
        rows.append((words, plain(one["other"]), plain(one["model"]), *difference(one["difference"])))
    if found["dice"] is not None:
        one = found["dice"]
        change = Cell(f"{one['median_difference']:+.3f}", "median")
        rows.append((f"Dice, {one['n']} scans", plain(one["other"]), plain(one["model"]), change, p_words(one["p"])))
    columns = ("", other, model, "difference", "p")
    return [
        Section("Figures of both", (Table(columns, tuple(rows)), _at_worst(found, model), _tests(found))),
        Section("Verdicts that change", _verdicts(found, model, other)),
    ]


def _at_worst(found: Mapping[str, Any], model: str) -> str:
    """By how much the rates may fall, by the ends of the intervals."""
    ends = [
        f"the {rate} by at most {max(0.0, -100 * one['difference']['ci95'][0]):.1f} points"
        for rate, one in found["calls"]["suspected"].items()
        if one["difference"]["ci95"] is not None
    ]
    if not ends:
        return "All scans are of one class."
    return f"Judging by the 95 % intervals, {model} lowers {' and '.join(ends)} (hemorrhage suspected)."


def _tests(found: Mapping[str, Any]) -> str:
    if found["independent"]:
        how = (
            "Rates are compared with McNemar's exact test, areas with DeLong's test, and Dice with Wilcoxon's "
            "signed-rank test; all other figures are compared"
        )
    else:
        how = (
            "Because patients have several scans, only Dice is compared with Wilcoxon's signed-rank test; all other "
            "figures are compared"
        )
    return (
        f"The figures are from the {found['scans']} scans that both screened. {how} by resampling patients. The "
        "p-values are not corrected for multiple comparisons."
    )


def _verdicts(found: Mapping[str, Any], model: str, other: str) -> tuple[Table | str, ...]:
    counts = found["verdicts"]
    rows = tuple((was.words, *(str(counts[was.value][now.value]) for now in Tier)) for was in Tier)
    table = Table((f"{other} \\ {model}", *(now.words for now in Tier)), rows)
    changed = found["changed"]
    if not changed:
        return table, "No verdict changes."
    truths = {True: "hemorrhage", False: "no hemorrhage", None: "not known"}
    listed = tuple(
        (one["scan"], truths[one["hemorrhage"]], Tier(one["other"]).words, Tier(one["model"]).words)
        for one in changed[:MOST_LISTED]
    )
    more = ""
    if len(changed) > MOST_LISTED:
        more = f"These are the first {MOST_LISTED} of {len(changed)}; validation.json has all of them."
    return table, Table(("scan", "truth", other, model), listed), *([more] if more else [])
