"""Figures as Markdown tables, beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# (name, path in metrics.json, the paper's U-Net on tiles over five folds: its Tables 5 and 6)
_ROWS = (
    ("Dice, paper's average", "dice.paper_average", "0.315"),
    ("Jaccard, paper's average", "jaccard.paper_average", "0.218"),
    ("Dice, all voxels pooled", "dice.pooled", ""),
    ("Dice, per scan in 3-D", "dice.per_scan_3d", ""),
    ("slice AUC", "slice.auc", ""),
    ("slice specificity at 97 % sensitivity", "slice.specificity_at_sensitivity_97", "0.504"),
    ("slice sensitivity, as it ships", "slice.sensitivity", ""),
    ("slice specificity, as it ships", "slice.specificity", ""),
    ("slice sensitivity, more than 400 px", "slice_400px.sensitivity", "0.972"),
    ("slice specificity, more than 400 px", "slice_400px.specificity", "0.504"),
    ("scan AUC", "scan.auc", ""),
    ("scan sensitivity, as it ships", "scan.sensitivity", ""),
    ("scan specificity, as it ships", "scan.specificity", ""),
    ("false-positive mL, median scan without hemorrhage", "false_positive_ml.median", ""),
    ("false-positive mL, 95th percentile", "false_positive_ml.p95", ""),
)


def figures_table(metrics: Mapping[str, Any], ours: str = "this model") -> str:
    """The main figures with their 95 % intervals beside the paper's."""
    lines = [f"| figure | {ours} | 95 % | n | paper's U-Net (5 folds) |", "|---|---|---|---|---|"]
    for name, path, paper in _ROWS:
        group, key = path.split(".")
        figure = metrics[group][key]
        if figure["value"] is None:
            lines.append(f"| {name} | not defined | | {figure['n']} | {paper} |")
            continue
        low, high = figure["ci95"]
        lines.append(f"| {name} | {figure['value']:.3f} | {low:.3f} to {high:.3f} | {figure['n']} | {paper} |")
    return "\n".join(lines)


def subjects_table(metrics: Mapping[str, Any]) -> str:
    """Dice and Jaccard of each subject with hemorrhage."""
    lines = ["| subject | Dice | Jaccard | slices with hemorrhage |", "|---|---|---|---|"]
    for subject, one in metrics["per_subject"].items():
        lines.append(f"| {subject} | {one['dice']:.3f} | {one['jaccard']:.3f} | {one['n']} |")
    return "\n".join(lines)


def results_page(metrics: Mapping[str, Any]) -> str:
    """The README.md of a run's results: its tables, over what they are averaged, the command that makes them."""
    made, folds = metrics["made_by"], ", ".join(map(str, metrics["folds"]))
    reduced = " This is a reduced run." if made["reduced"] else ""
    missed = ", ".join(metrics["subjects_missed"]) or "none"
    return f"""# {metrics["experiment"]}

Method `{metrics["config"]["method"]}` on the authors' test fold {folds} of ct-ich:
{metrics["data"]["n_subjects"]} subjects, {metrics["data"]["n_slices"]} slices, none of them seen in training or
used to choose anything.{reduced} Research use only; not a medical device.

{figures_table(metrics, metrics["experiment"])}

Dice and Jaccard are means over a subject's slices with hemorrhage, then over subjects, without the chronic subject
070, as in the paper; detection counts every slice of every subject. Intervals come from resampling subjects. The
paper's column is over five folds. Subjects with hemorrhage in which no voxel was found: {missed}.

{subjects_table(metrics)}

Made again by `{made["command"]}` ({made["seconds"] / 60:.1f} minutes of training on {made["hardware"]}).

- `metrics.json`: every figure with its interval
- `masks.json.gz`: the mask of every slice with any predicted pixel, as COCO run lengths
- `scores.csv`, `scan_scores.csv`: the probability and area of every slice and scan
"""
