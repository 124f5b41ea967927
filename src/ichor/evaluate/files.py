"""The files of results/: masks, scores and figures, from which anyone can compute again without training."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.evaluate.results import TABLE_THRESHOLDS, SubjectResult

MASKS = "masks.json.gz"
SCORES = "scores.csv"
SCAN_SCORES = "scan_scores.csv"
METRICS = "metrics.json"


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, list[int]]:
    """A mask (rows, columns) as COCO's uncompressed run lengths: column-major, the first run is background."""
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(np.r_[False, flat, False]))
    counts = np.diff(np.r_[0, edges, flat.size])
    # A mask that ends in the foreground leaves a last run of zero pixels, which COCO does not write.
    return {"size": list(mask.shape), "counts": [int(c) for c in (counts if counts[-1] else counts[:-1])]}


def from_run_lengths(encoded: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask that `run_lengths` encoded. Raises ValueError where the runs do not fill the size."""
    rows, columns = encoded["size"]
    counts = np.asarray(encoded["counts"], np.int64)
    if counts.sum() != rows * columns:
        raise ValueError(f"expected runs of {rows * columns} pixels in all, found {counts.sum()}")
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape((rows, columns), order="F")


def write_masks(file: Path, masks: Mapping[str, NDArray[np.bool_]]) -> None:
    """Write the slices of each subject's mask (n, rows, columns) that hold any pixel, keyed "subject/slice" from 1."""
    encoded = {
        f"{subject}/{index + 1}": run_lengths(mask[index])
        for subject, mask in sorted(masks.items())
        for index in np.flatnonzero(mask.any(axis=(1, 2)))
    }
    content = json.dumps(encoded, separators=(",", ":")).encode()
    write_whole(file, gzip.compress(content, mtime=0))


def write_scores(folder: Path, results: Sequence[SubjectResult]) -> None:
    """Write scores.csv, a row a slice, and scan_scores.csv, a row a subject."""
    slices = io.StringIO()
    rows = csv.writer(slices, lineterminator="\n")
    columns = [f"area_px_{round(t * 10):02d}" for t in TABLE_THRESHOLDS]
    rows.writerow(["subject", "slice", "fold", "probability", "threshold", "area_px", *columns])
    for r in results:
        for i, probability in enumerate(r.slice_probability):
            areas = [int(r.areas[t][i]) for t in TABLE_THRESHOLDS]
            rows.writerow(
                [r.subject, i + 1, r.fold, f"{probability:.6g}", r.threshold, int(r.overlaps.predicted[i]), *areas]
            )
    write_whole(folder / SCORES, slices.getvalue().encode())
    scans = io.StringIO()
    rows = csv.writer(scans, lineterminator="\n")
    rows.writerow(["subject", "fold", "probability", "volume_ml"])
    for r in results:
        volume = "" if r.volume_ml is None else f"{r.volume_ml:.4f}"
        rows.writerow([r.subject, r.fold, f"{r.scan_probability:.6g}", volume])
    write_whole(folder / SCAN_SCORES, scans.getvalue().encode())


def write_metrics(file: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics.json."""
    write_whole(file, (json.dumps(metrics, indent=1) + "\n").encode())
