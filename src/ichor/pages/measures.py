"""The sections of a run's page beyond the paper's metrics: detection, calibration, surfaces, volumes and lesions."""

from __future__ import annotations

from collections.abc import Sequence

from ichor.dataset.naming import named
from ichor.pages.blocks import Cell, Section, Table
from ichor.pages.words import Metrics, cell, excluded_in, figure_at

_DETECTION = (
    ("AUC", "auc"),
    ("average precision", "average_precision"),
    ("sensitivity, any voxel called", "sensitivity"),
    ("specificity, any voxel called", "specificity"),
    ("specificity at 97 % sensitivity", "specificity_at_sensitivity_97"),
    ("sensitivity at 90 % specificity", "sensitivity_at_specificity_90"),
)
_SCANS = "{n} scans with hemorrhage"
_EXTENT = (
    (
        "95th percentile Hausdorff distance, mm",
        ("surface", "hd95_mm"),
        "{n} scans with hemorrhage in which any was marked",
    ),
    ("surface Dice at 2 mm", ("surface", "surface_dice_2mm"), _SCANS),
    ("volume error, mL", ("volume", "error_ml"), _SCANS),
    ("absolute volume error, mL", ("volume", "absolute_error_ml"), _SCANS),
    ("median absolute volume error, mL", ("volume", "median_absolute_error_ml"), _SCANS),
    ("Bland-Altman bias, mL", ("volume", "bland_altman", "bias_ml"), _SCANS),
    ("Bland-Altman lower limit of agreement, mL", ("volume", "bland_altman", "lower_limit_ml"), _SCANS),
    ("Bland-Altman upper limit of agreement, mL", ("volume", "bland_altman", "upper_limit_ml"), _SCANS),
    ("lesion sensitivity", ("lesion", "sensitivity"), "{n} lesions"),
    ("lesion precision", ("lesion", "precision"), "{n} marked lesions"),
    ("false lesions per scan", ("lesion", "false_per_scan"), "{n} scans"),
)
_EXTENT_NOTE = (
    "A scan in which nothing was marked has no Hausdorff distance and a surface Dice of 0. A lesion is one connected "
    "region in 3-D; it counts as found if the mask touches it. Pixel size and slice thickness of the JPG release are "
    "nominal (0.33 mm, 5 mm) and unverified: lengths may be too short and volumes 20 to 40 % too low."
)


def detection(metrics: Metrics) -> Section:
    """Detection of slices and scans with hemorrhage, with and without the excluded subjects."""
    cases = [(name, keys) for name, keys in _cases(metrics) if figure_at(metrics, *keys, "auc")]
    rows: list[tuple[str | Cell, ...]] = [
        (name, *(_or_blank(metrics, *keys, measure) for _, keys in cases))
        for name, measure in _DETECTION
        if any(figure_at(metrics, *keys, measure) for _, keys in cases)
    ]
    table = Table(("", *(name for name, _ in cases)), tuple(rows), _over(metrics))
    return Section("Detection", (table, *_by_subtype(metrics)))


def _cases(metrics: Metrics) -> list[tuple[str, tuple[str, ...]]]:
    """Names and keys of the columns; those without the excluded subjects only if there are any."""
    without = f"without {named(excluded_in(metrics))}" if excluded_in(metrics) else ""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name in ("slice", "scan"):
        found.append((f"{name}s", (name,)))
        if without:
            found.append((f"{name}s {without}", ("without_excluded", name)))
    return found


def _over(metrics: Metrics) -> str:
    counts = {name: figure_at(metrics, name, "auc") for name in ("slice", "scan")}
    words = [f"{figure['n']} {name}s" for name, figure in counts.items() if figure and "n" in figure]
    return f"Over {' and '.join(words)}, with and without hemorrhage." if words else ""


def _by_subtype(metrics: Metrics) -> Sequence[Table]:
    """Sensitivity for the slices of each subtype and, if the method predicts subtypes, their AUC."""
    tables = []
    for key, words, over in (
        ("slice_sensitivity_by_subtype", "sensitivity, any voxel called", "slices with it"),
        ("subtype_auc", "AUC of the subtype on slices", "slices"),
    ):
        found = {name: figure for name in metrics.get(key) or {} if (figure := figure_at(metrics, key, name))}
        rows = tuple((name, cell(figure), str(figure.get("n", ""))) for name, figure in found.items())
        if rows:
            tables.append(Table(("subtype", words, over), rows))
    return tables


def calibration(metrics: Metrics) -> Section:
    """Brier score and expected calibration error of slice and scan probabilities."""
    rows = tuple(
        (f"{name} probability", _or_blank(metrics, name, "brier"), _or_blank(metrics, "calibration", name, "ece"))
        for name in ("slice", "scan")
    )
    note = "Both are 0 for perfect probabilities, and weigh all slices or scans equally."
    return Section("Calibration", (Table(("", "Brier score", "expected calibration error"), rows), note))


def extent(metrics: Metrics) -> Section | None:
    """Surface distances, volumes and lesions; None if the run has no such figures."""
    rows = tuple(
        (name, cell(figure), over.format(n=figure.get("n", "")))
        for name, keys, over in _EXTENT
        if (figure := figure_at(metrics, *keys)) is not None
    )
    if not rows:
        return None
    table = Table(("figure", "ours", "over"), rows)
    excluded = f"All leave out {named(excluded_in(metrics))}. " if excluded_in(metrics) else ""
    return Section("Surface, volume, lesions", (table, *_by_size(metrics), excluded + _EXTENT_NOTE))


def _by_size(metrics: Metrics) -> Sequence[Table]:
    rows = tuple(
        (
            band.replace("_ml", " mL").replace("_", " "),
            _or_blank(metrics, "by_lesion_size", band, "sensitivity"),
            _or_blank(metrics, "by_lesion_size", band, "dice"),
            str(figure.get("n", "")),
        )
        for band in metrics.get("by_lesion_size") or {}
        if (figure := figure_at(metrics, "by_lesion_size", band, "sensitivity"))
    )
    return [Table(("lesions of", "sensitivity", "Dice of the lesion", "lesions"), rows)] if rows else []


def _or_blank(metrics: Metrics, *keys: str) -> Cell:
    figure = figure_at(metrics, *keys)
    return cell(figure) if figure else Cell("")
