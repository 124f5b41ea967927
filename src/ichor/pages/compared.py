"""A comparison of runs as a page: the main figures side by side, then the differences of each pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.pages.blocks import Cell, Section, Table
from ichor.pages.markdown import markdown, paragraph, table
from ichor.pages.words import cell, figure_at, interval_of, number, value_of

NAMES = {
    "dice.paper_average": "Dice, paper's average",
    "jaccard.paper_average": "Jaccard, paper's average",
    "dice.pooled": "Dice, all voxels pooled",
    "dice.per_scan_3d": "Dice, per scan in 3-D",
    "surface.surface_dice_2mm": "surface Dice at 2 mm",
    "volume.absolute_error_ml": "absolute volume error, mL (less is better)",
    "lesion.sensitivity": "lesion sensitivity",
    "lesion.precision": "lesion precision",
    "lesion.false_per_scan": "false lesions per scan (less is better)",
    "slice.auc": "slice AUC",
    "slice.average_precision": "slice average precision",
    "slice.sensitivity": "slice sensitivity, any voxel called",
    "slice.specificity": "slice specificity, any voxel called",
    "slice.specificity_at_sensitivity_97": "slice specificity at 97 % sensitivity",
    "slice.brier": "slice Brier score (less is better)",
    "scan.auc": "scan AUC",
    "scan.sensitivity": "scan sensitivity, any voxel called",
    "scan.specificity": "scan specificity, any voxel called",
    "false_positive_ml.p95": "false-positive mL, 95th percentile (less is better)",
}
RULE = (
    "Intervals (95 %) and p-values come from a paired bootstrap over subjects. They are not corrected for the number "
    "of figures and pairs."
)


def comparison_page(comparison: Mapping[str, Any]) -> str:
    """The result of `compare` in Markdown."""
    runs = comparison["runs"]
    rows: list[tuple[str | Cell, ...]] = [("subjects", *(str(run["n_subjects"]) for run in runs))]
    rows += [(name, *(cell(figure_at(run["figures"], key)) for run in runs)) for key, name in NAMES.items()]
    titles = (f"{run['name']}{' (reduced)' if run['reduced'] else ''}" for run in runs)
    side_by_side = table(Table(("figure, each on the run's own subjects", *titles), tuple(rows)))
    pairs = [_pair(pair) for pair in comparison["pairs"]]
    use = "Research use only; not a medical device."
    return f"# Runs compared\n\n{side_by_side}\n\n{markdown(pairs)}\n\n{paragraph(RULE)}\n\n{use}\n"


def _pair(pair: Mapping[str, Any]) -> Section:
    first, second, n = pair["first"], pair["second"], pair["n_subjects"]
    title = f"{second} minus {first}"
    if not n:
        return Section(title, ("They share no test subject, so they cannot be compared.",))
    rows: list[tuple[str | Cell, ...]] = []
    for key, name in NAMES.items():
        figure = figure_at(pair["differences"], key)
        rows.append((name, value_of(figure), interval_of(figure), "" if figure is None else _p(figure["p"])))
    differences = Table(("figure", "difference", "95 %", "p"), tuple(rows), f"On the {n} subjects that both have.")
    return Section(title, (differences, _ranks(pair["wilcoxon_dice"])))


def _ranks(test: Mapping[str, Any]) -> str:
    if not test["n"]:
        return "None of these subjects has hemorrhage, so there is no Dice to compare."
    return (
        f"Wilcoxon signed-rank test on the Dice of {test['n']} subjects: median difference "
        f"{number(test['median_difference'])}, p = {_p(test['p'])}."
    )


def _p(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
