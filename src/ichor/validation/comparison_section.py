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
    ("Brier score (less is better)", "brier"),
    ("expected calibration error (less is better)", "calibration_error"),
)
MOST_LISTED = 100


def comparison_sections(found: Mapping[str, Any], validated: Validated) -> list[Section]:
    """Figures and differences, then the verdicts that change."""
    assert validated.other is not None
    model, other = validated.model.words, validated.other.words
    if not found["scans"]:
        return [
            Section("Figures of both", (f"There is no scan of known truth that {model} and {other} both screened.",))
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
        return "There are scans of one class only."
    return f"By the ends of the 95 % intervals, {model} lowers {' and '.join(ends)} (hemorrhage suspected)."


def _tests(found: Mapping[str, Any]) -> str:
    if found["independent"]:
        how = "rates are compared by McNemar's exact test, areas by DeLong's, Dice by Wilcoxon's; all others"
    else:
        how = "patients have several scans: Dice is compared by Wilcoxon's test, everything else"
    return (
        f"On the {found['scans']} scans that both screened; {how} by resampling patients. No p-value is corrected for "
        "the number of figures."
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
    more = f"The first {MOST_LISTED} of {len(changed)}; validation.json has all." if len(changed) > MOST_LISTED else ""
    return table, Table(("scan", "truth", other, model), listed), *([more] if more else [])
