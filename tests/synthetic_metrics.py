"""Made figures of a run, in the form of metrics.json, and pictures beside them."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ichor.dataset.ct_ich.published import FINGERPRINT
from ichor.pages.pictures.drawn import DrawnFigure, write_list

SUBTYPES = {"IVH": 5, "IPH": 15, "SAH": 7, "EDH": 20, "SDH": 4}


def figure(value: float, n: int = 82, half: float = 0.05) -> dict[str, Any]:
    """A figure with an interval of half a width to each side."""
    return {"value": value, "ci95": [value - half, value + half], "n": n}


def rates(sensitivity: float, specificity: float, n: int = 2501) -> dict[str, Any]:
    names = {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "accuracy": 0.15 * sensitivity + 0.85 * specificity,
    }
    return {name: figure(value, n) for name, value in names.items()}


def synthetic_metrics(
    experiment: str = "paper-unet-tiles",
    *,
    dice: float = 0.33,
    auc: float = 0.9,
    folds: tuple[int, ...] = (1, 2, 3, 4, 5),
    reduced: bool = False,
) -> dict[str, Any]:
    """All keys of metrics.json, as `ichor evaluate` writes them."""
    rng = np.random.default_rng(2019)
    spread = {
        "min": {"value": 0.0, "ci95": None, "n": 35},
        "max": {"value": 0.71, "ci95": None, "n": 35},
        "std": figure(0.21, 35),
    }
    by_threshold = {str(t): rates(1.3 - t, t) for t in (0.5, 0.6, 0.7, 0.8, 0.9)}
    detected = {
        "auc": figure(auc),
        "average_precision": figure(auc - 0.1),
        "sensitivity": figure(0.9),
        "specificity": figure(0.6),
        "specificity_at_sensitivity_97": figure(0.55),
        "sensitivity_at_specificity_90": figure(0.7),
        "brier": figure(0.07),
    }
    return {
        "experiment": experiment,
        "config": {"name": experiment, "method": "unet-tiles", "reduced": reduced},
        "data": {"fingerprint": FINGERPRINT, "n_subjects": 82, "n_slices": 2501},
        "folds": list(folds),
        "dice": {
            "paper_average": figure(dice, 35),
            "pooled": figure(dice + 0.1, 81),
            "per_scan_3d": figure(dice + 0.02, 35),
        },
        "jaccard": {name: figure(dice * 0.7, 35) for name in ("paper_average", "pooled", "per_scan_3d")},
        "slice": detected,
        "slice_400px": rates(0.9, 0.7),
        "scan": detected,
        "excluded_from_overlap": {"070": "its hemorrhage is chronic"},
        "without_excluded": {"slice": detected, "scan": detected},
        "calibration": {name: {"ece": figure(0.08), "curve": []} for name in ("slice", "scan")},
        "surface": {"hd95_mm": figure(31.2, 30, 4.0), "surface_dice_2mm": figure(0.31, 30)},
        "volume": {
            "error_ml": figure(-1.2, 35, 0.8),
            "absolute_error_ml": figure(4.4, 35, 0.8),
            "median_absolute_error_ml": figure(1.9, 35, 0.8),
            "oversegmented": ["050"],
            "bland_altman": {
                "bias_ml": figure(-1.2, 35, 0.8),
                "lower_limit_ml": figure(-14.0, 35, 3.0),
                "upper_limit_ml": figure(11.6, 35, 3.0),
            },
        },
        "lesion": {
            "sensitivity": figure(0.55, 60),
            "precision": figure(0.4, 80),
            "false_per_scan": figure(0.6, 82, 0.2),
        },
        "by_lesion_size": {
            band: {"sensitivity": figure(0.5, 15), "dice": figure(0.2, 15)}
            for band in ("under_0.5_ml", "0.5_to_2_ml", "2_to_10_ml", "10_ml_and_over")
        },
        "subtype_auc": None,
        "false_positive_ml": {"median": figure(0.0, 46), "p95": figure(3.1, 46, 0.5)},
        "subjects_missed": ["070", "082"],
        "by_subtype": {name: figure(dice + 0.01 * n, n) for name, n in SUBTYPES.items()},
        "by_age": {"under_18": figure(dice, 12), "18_and_over": figure(dice - 0.02, 23)},
        "by_age_difference": {"mann_whitney_p": {"value": 0.62, "ci95": None, "n": 35}},
        "by_threshold": by_threshold,
        "by_threshold_per_subject": deepcopy(by_threshold),
        "by_threshold_per_fold": deepcopy(by_threshold),
        "table_5": {
            name: {**spread, "average": figure(average, 35)}
            for name, average in (("jaccard", 0.23), ("dice", dice), ("sensitivity", 0.9), ("specificity", 0.7))
        },
        "slice_sensitivity_by_subtype": {name: figure(0.8, 10 * n) for name, n in SUBTYPES.items()},
        "per_subject": {
            f"{number:03d}": {"dice": float(value), "jaccard": float(value / (2 - value)), "n": 9}
            for number, value in zip(range(49, 84), rng.beta(1, 2, 35), strict=True)
        },
        "made_by": {
            "command": "ichor crossval paper/unet-tiles --data ct-ich --out RUN",
            "commit": "0123456789ab",
            "hardware": "a made machine, 2 cores, no GPU",
            "seconds": 7200.0,
            "reduced": reduced,
        },
    }


def write_run(folder: Path, metrics: dict[str, Any], pictures: tuple[str, ...] = ()) -> Path:
    """A results folder with these figures and pictures of these names."""
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    for name in pictures:
        (folder / "figures").mkdir(exist_ok=True)
        image = Image.new("RGB", (1800, 1200), "white")
        draw = ImageDraw.Draw(image)
        draw.line([(100, 1100), (300, 400), (1700, 100)], fill="#2c5f6e", width=8)
        image.save(folder / "figures" / f"{name}.png")
    if pictures:
        write_list(folder, [DrawnFigure(name, f"Caption of {name}.", f"What {name} shows.") for name in pictures])
    return folder
