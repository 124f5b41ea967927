"""Evaluates the networks of a run in fp32 and in int8 on their test subjects."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.intervals import Sampled, Sampling
from ichor.evaluate.overlap import Overlaps, slice_averages
from ichor.experiments.crossed import MODEL
from ichor.experiments.quantize import quantize_package
from ichor.methods import load_model
from ichor.methods.base import Forward
from ichor.methods.unet_slices.method import UNetSlices
from ichor.models.engine import Engine
from ichor.models.package import INT8, NETWORK, read_config
from ichor.screening.inputs import content_sha256

VARIANTS = ("fp32", "int8")
Row = dict[str, Any]


class Timed:
    """A network that records its time per slice in ms."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self.ms: list[float] = []

    def __call__(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The network's outputs for a batch."""
        start = time.perf_counter()
        outputs = self._forward(hu)
        self.ms.append(1000 * (time.perf_counter() - start) / len(hu))
        return outputs


def rows_of_fold(package: Path, fold: int, dataset: Dataset, threads: int) -> list[Row]:
    """A row for each test subject of the fold whose model package is `package`."""
    training = read_config(package).training
    assert training is not None  # the models of a run have it
    with tempfile.TemporaryDirectory() as name:
        quantized = Path(name) / MODEL
        shutil.copytree(package, quantized)
        quantize_package(quantized, dataset)
        method = load_model(quantized, threads=threads).method
        assert isinstance(method, UNetSlices)  # no other method is quantized
        networks = {
            variant: Timed(Engine(quantized / file, threads=threads))
            for variant, file in zip(VARIANTS, (NETWORK, INT8), strict=True)
        }
        with progress(len(training.test_subjects)) as done:
            rows = []
            for case in dataset.cases(training.test_subjects):
                rows.append({"fold": fold, **row_of(case, method, networks)})
                done(f"fold {fold}, subject {case.subject}")
    return rows


def stored_rows(file: Path, package: Path, fold: int, dataset: Dataset, threads: int) -> list[Row]:
    """The rows stored in `file`; if there are none of this package, they are computed and stored there."""
    digest = content_sha256(package)
    stored = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if stored.get("package") != digest:
        stored = {"package": digest, "rows": rows_of_fold(package, fold, dataset, threads)}
        file.parent.mkdir(exist_ok=True)
        write_whole(file, json.dumps(stored))
    return list(stored["rows"])


def row_of(case: Case, method: UNetSlices, networks: Mapping[str, Timed]) -> Row:
    """The row of a case: its labels, and the predictions of both variants."""
    row: Row = {"subject": case.subject, "positive": case.positive.tolist()}
    masks = []
    for variant, network in networks.items():
        method.forward = network
        network.ms.clear()
        found = method.predict(case.scan)
        masks.append(found.mask)
        overlaps = Overlaps.of(found.mask, case.mask)
        has_dice = overlaps.positive.any() and not case.excluded_from_overlap
        row[variant] = {
            "dice": slice_averages(overlaps)[0] if has_dice else None,
            "slice_probability": np.round(found.slice_probability, 6).tolist(),
            "mask_px": int(found.mask.sum()),
            "ms": median(network.ms),
        }
    return {**row, "both_px": int((masks[0] & masks[1]).sum())}


def figures(rows: Sequence[Row]) -> dict[str, dict[str, Sampled]]:
    """Dice and slice AUC of each variant, and their difference (int8 minus fp32)."""
    sampling = Sampling(len(rows))
    found = {
        "Dice": {v: sampling.mean([np.nan if r[v]["dice"] is None else r[v]["dice"] for r in rows]) for v in VARIANTS},
        "slice AUC": {v: slice_auc(rows, v, sampling) for v in VARIANTS},
    }
    for of in found.values():
        of["difference"] = Sampled(of["int8"].values - of["fp32"].values, of["int8"].n)
    return found


def slice_auc(rows: Sequence[Row], variant: str, sampling: Sampling) -> Sampled:
    """The area under the ROC curve of the slices' probabilities."""
    truth = np.concatenate([row["positive"] for row in rows])
    score = np.concatenate([row[variant]["slice_probability"] for row in rows])
    subject = np.repeat(np.arange(len(rows)), [len(row["positive"]) for row in rows])

    def of(counts: NDArray[np.int64]) -> float:
        weights = counts[subject]
        both = weights[truth].any() and weights[~truth].any()
        return roc_curve(truth, score, weights).auc if both else float("nan")

    return Sampled(sampling.each(of), len(truth))
