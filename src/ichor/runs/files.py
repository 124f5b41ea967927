"""The names of the files in a run or a result, and its metrics.

metrics.json     all metrics
verdict.json     thresholds of verdicts on scans (see ichor.models.verdict), if they can be chosen
masks.json.gz, scores.csv, scan_scores.csv    the predictions they were computed from (see predictions.py)
README.md        the page
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole
from ichor.runs.plain_files import read_object

MASKS = "masks.json.gz"
SCORES = "scores.csv"
SCAN_SCORES = "scan_scores.csv"
METRICS = "metrics.json"
PAGE = "README.md"

_FORMERLY = re.compile(r"without_\d{3}")


def read_metrics(folder: Path) -> dict[str, Any]:
    """The metrics in a folder, under their current names. Raises BadConfig if there are none."""
    return _renamed(read_object(folder / METRICS, "the figures of a run"))


def _renamed(metrics: dict[str, Any]) -> dict[str, Any]:
    """Metrics written before 0.2 have the excluded subject in the name of a key, `without_NNN`, and no reason."""
    for key in [key for key in metrics if _FORMERLY.fullmatch(key)]:
        metrics["without_excluded"] = metrics.pop(key)
        metrics.setdefault("excluded_from_overlap", {key.removeprefix("without_"): "as the dataset's authors do"})
    return metrics


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics.json."""
    write_whole(folder / METRICS, (json.dumps(metrics, indent=1, allow_nan=False) + "\n").encode())
