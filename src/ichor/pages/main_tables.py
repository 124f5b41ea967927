"""Tables of a run's main figures and of its subjects."""

from __future__ import annotations

from ichor.pages.blocks import Cell, Table
from ichor.pages.paper_comparison import paper_experiment
from ichor.pages.words import Metrics, figure_at, interval_of, number, printed, segments, value_of

_SUBJECTS = "{n} subjects, each the mean of its slices with hemorrhage"
_SLICES = "{n} slices"
_SCANS = "{n} scans"
_WITH, _WITHOUT = " with hemorrhage", " without hemorrhage"

# (name, keys in metrics.json, cases it is averaged over)
_MAIN = (
    ("Dice, paper's average", ("dice", "paper_average"), _SUBJECTS),
    ("Jaccard, paper's average", ("jaccard", "paper_average"), _SUBJECTS),
    ("Dice, all voxels pooled", ("dice", "pooled"), "all voxels of {n} subjects"),
    ("Dice, per scan in 3-D", ("dice", "per_scan_3d"), _SCANS + _WITH),
    ("slice AUC", ("slice", "auc"), _SLICES),
    ("slice specificity at 97 % sensitivity", ("slice", "specificity_at_sensitivity_97"), _SLICES),
    ("slice sensitivity, any voxel called", ("slice", "sensitivity"), _SLICES + _WITH),
    ("slice specificity, any voxel called", ("slice", "specificity"), _SLICES + _WITHOUT),
    ("slice sensitivity, more than 400 px", ("slice_400px", "sensitivity"), _SLICES + _WITH),
    ("slice specificity, more than 400 px", ("slice_400px", "specificity"), _SLICES + _WITHOUT),
    ("subtype AUC on slices, mean of five", ("subtype_auc", "mean"), _SLICES),
    ("scan AUC", ("scan", "auc"), _SCANS),
    ("scan sensitivity, any voxel called", ("scan", "sensitivity"), _SCANS + _WITH),
    ("scan specificity, any voxel called", ("scan", "specificity"), _SCANS + _WITHOUT),
    ("false-positive mL, median", ("false_positive_ml", "median"), _SCANS + _WITHOUT),
    ("false-positive mL, 95th percentile", ("false_positive_ml", "p95"), _SCANS + _WITHOUT),
)


def main_figures(metrics: Metrics, ours: str) -> Table:
    """The main figures with their intervals, the cases they are averaged over, and the paper's figures."""
    experiment = paper_experiment(metrics)
    published = {one.keys: printed(one.value) for one in experiment.numbers}
    rows: list[tuple[str | Cell, ...]] = []
    for name, keys, over in _MAIN:
        figure = figure_at(metrics, *keys)
        if figure is None and (
            keys[0] == "subtype_auc" or not segments(metrics)
        ):  # most methods do not predict subtypes
            continue
        n = "" if figure is None or "n" not in figure else over.format(n=figure["n"])
        rows.append((name, value_of(figure), interval_of(figure), n, published.get(keys, "")))
    return Table(("figure", ours, "95 %", "over", f"paper, experiment {experiment.number}"), tuple(rows))


def subjects(metrics: Metrics) -> Table:
    """Dice and Jaccard of each subject with hemorrhage, best first."""
    ordered = sorted(metrics["per_subject"].items(), key=lambda item: (-item[1]["dice"], item[0]))
    return Table(
        ("subject", "Dice", "Jaccard", "slices with hemorrhage"),
        tuple((name, number(one["dice"]), number(one["jaccard"]), str(one["n"])) for name, one in ordered),
    )
