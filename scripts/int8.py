"""What int8 costs: the networks of a cross-validated run in fp32 and in int8, out-of-fold.

    python scripts/int8.py RUN --data DATASET --out results/int8 [--fold K ...]

Each fold's network is quantized on slices of its training subjects, and both variants answer for its test subjects.
Nothing is chosen anew. RUN/int8/fold-K.json keeps what was found of a fold: the same command continues where the last
one stopped.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
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
from ichor.dataset.case import CHRONIC_SUBJECT, Case
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.folds import N_FOLDS
from ichor.errors import BadConfig, IchorError
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.intervals import Sampled, Sampling
from ichor.evaluate.overlap import Overlaps, slice_averages
from ichor.experiments.config import load_config
from ichor.experiments.crossed import MODEL
from ichor.experiments.fold import fold_folder
from ichor.experiments.making import commit, hardware
from ichor.experiments.quantize import quantize_package
from ichor.methods import load_model
from ichor.methods.base import Forward
from ichor.methods.unet_slices.method import UNetSlices
from ichor.models.engine import Engine
from ichor.models.package import CONFIG, INT8, NETWORK, read_config
from ichor.screening.inputs import content_sha256

VARIANTS = ("fp32", "int8")
LEAST_GAIN = -0.005  # of Dice: what int8 may cost
ELSE = """Which network of the model that ships runs by default is decided
in [results/same-answer](../same-answer/README.md): by whether any scan's verdict changes."""
REDUCED = """
**Reduced**: the run is a small stand-in for the recipe of the model that ships. The fold weights of that recipe were
not at hand, so what int8 costs it with weights of 7 bits is not known.
"""

Row = dict[str, Any]

PAGE = """# What int8 costs
{reduced}
The networks of `{experiment}` in fp32 and in int8, each on the {n} test subjects of its own fold ({folds}), quantized
to weights of 7 bits on slices of its training subjects. Nothing is chosen anew. Dice is the paper's average, without
070. Differences are paired, with 95 % intervals by resampling subjects.

| | fp32 | int8 | difference |
|---|---|---|---|
{table}

{verdict}

The masks of both have a Dice of {agreement:.3f} with each other, pooled. Milliseconds are the median over batches of a
pass of the network in OpenVINO on {threads} threads, one variant beside the other, whatever else the machine did: their
ratio counts, and [results/bench.md](../bench.md) has them on an idle machine. rows.json has each subject.

{hardware}; commit {commit}. Made with

    {command}
"""


class Timed:
    """A network that notes how long it takes for a slice, in ms."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self.ms: list[float] = []

    def __call__(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The outputs for a batch."""
        start = time.perf_counter()
        outputs = self._forward(hu)
        self.ms.append(1000 * (time.perf_counter() - start) / len(hu))
        return outputs


def rows_of_fold(package: Path, fold: int, dataset: CtIch, threads: int) -> list[Row]:
    """A row for each test subject of the fold whose model lies in `package`."""
    training = read_config(package).training
    assert training is not None  # a run's models say on whom they were trained
    with tempfile.TemporaryDirectory() as name:
        quantized = Path(name) / MODEL
        shutil.copytree(package, quantized)
        quantize_package(quantized, dataset)
        method = load_model(quantized, threads=threads)
        assert isinstance(method, UNetSlices)  # none else is quantized
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


def kept_rows(file: Path, package: Path, fold: int, dataset: CtIch, threads: int) -> list[Row]:
    """The rows in `file` where they are of this package; else they are found and kept there."""
    digest = content_sha256(package)
    kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if kept.get("package") != digest:
        kept = {"package": digest, "rows": rows_of_fold(package, fold, dataset, threads)}
        file.parent.mkdir(exist_ok=True)
        write_whole(file, json.dumps(kept))
    return list(kept["rows"])


def row_of(case: Case, method: UNetSlices, networks: Mapping[str, Timed]) -> Row:
    """What both variants say of a case."""
    row: Row = {"subject": case.subject, "positive": case.positive.tolist()}
    masks = []
    for variant, network in networks.items():
        method.forward = network
        network.ms.clear()
        found = method.predict(case.scan)
        masks.append(found.mask)
        overlaps = Overlaps.of(found.mask, case.mask)
        counts = overlaps.positive.any() and case.subject != CHRONIC_SUBJECT
        row[variant] = {
            "dice": slice_averages(overlaps)[0] if counts else None,
            "slice_probability": np.round(found.slice_probability, 6).tolist(),
            "mask_px": int(found.mask.sum()),
            "ms": median(network.ms),
        }
    return {**row, "both_px": int((masks[0] & masks[1]).sum())}


def figures(rows: Sequence[Row]) -> dict[str, dict[str, Sampled]]:
    """Dice and slice AUC, of each variant and their difference, int8 less fp32."""
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


def page(rows: Sequence[Row], experiment: str, threads: int, asked: Sequence[int], *, reduced: bool) -> str:
    """The page that shows the rows."""
    found = figures(rows)
    table = [
        f"| {name} (n {of['fp32'].n}) | {of['fp32'].value:.4f} | {of['int8'].value:.4f} | "
        f"{of['difference'].value:+.4f} ({of['difference'].interval[0]:+.4f} to {of['difference'].interval[1]:+.4f}) |"
        for name, of in found.items()
    ]
    ms = [median(row[variant]["ms"] for row in rows) for variant in VARIANTS]
    table.append(f"| ms a slice | {ms[0]:.1f} | {ms[1]:.1f} | {ms[0] / ms[1]:.1f} times as fast |")
    gain = found["Dice"]["difference"].value
    may_run = f"so int8 {'may' if gain > LEAST_GAIN else 'may not'} run"
    command = ["python scripts/int8.py RUN --data ct-ich --out results/int8", *(f"--fold {k}" for k in asked)]
    pixels = sum(row[variant]["mask_px"] for row in rows for variant in VARIANTS)
    return PAGE.format(
        experiment=experiment,
        n=len(rows),
        folds="folds " + ", ".join(map(str, sorted({row["fold"] for row in rows}))),
        table="\n".join(table),
        verdict=f"Dice may fall by {-LEAST_GAIN:g} at most. It changes by {gain:+.4f}: {may_run} by that.\n{ELSE}",
        reduced=REDUCED if reduced else "",
        agreement=2 * sum(row["both_px"] for row in rows) / pixels if pixels else 1.0,
        threads=threads,
        hardware=hardware(),
        commit=commit(),
        command=" ".join(command),
    )


def main() -> None:
    """Compare both variants on the folds that are asked for, all that the run has otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, action="append", choices=range(1, N_FOLDS + 1))
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    packages = {k: fold_folder(asked.run, k) / MODEL for k in asked.fold or range(1, N_FOLDS + 1)}
    for package in packages.values():
        if not (package / CONFIG).is_file():
            raise BadConfig(f"{asked.run}: expected a run with a model in {package.parent.name}, found none")
    dataset, rows = CtIch(asked.data), []
    for fold, package in packages.items():
        rows += kept_rows(asked.run / "int8" / f"fold-{fold}.json", package, fold, dataset, asked.threads)
    config = asked.run / CONFIG  # a run that is made by hand has none
    reduced = config.is_file() and load_config(str(config)).reduced
    text = page(rows, read_config(packages[min(packages)]).model, asked.threads, asked.fold or (), reduced=reduced)
    asked.out.mkdir(parents=True, exist_ok=True)
    write_whole(asked.out / "rows.json", json.dumps(rows, indent=1) + "\n")
    write_whole(asked.out / "README.md", text)
    print(text)


if __name__ == "__main__":
    try:
        main()
    except IchorError as error:
        print(f"int8: {error}", file=sys.stderr)
        sys.exit(2)
