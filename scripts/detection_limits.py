"""What limits how much a model finds: the subjects that its figures hang on, and what finding more would take.

    python scripts/detection_limits.py RUN --data DATASET --out results/detection-limits

RUN is a run of `ichor crossval` on all five folds: its scores, its masks and the answers that it kept of each subject.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.case import Case
from ichor.dataset.ct_ich import CtIch
from ichor.errors import BadConfig, IchorError
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.prediction import Prediction
from ichor.experiments.crossed import MODEL
from ichor.experiments.fold import fold_folder, kept_file
from ichor.methods import load_model
from ichor.methods.unet_slices.method import UNetSlices
from ichor.read.ct_ich_jpg import PIXEL_MM
from ichor.runs.files import read_metrics, read_predictions
from ichor.runs.kept import read_answer
from ichor.subtypes import Subtype
from label_ceiling import contrast_hu
from marked import Marked

SENSITIVITY = 0.97
MOST_TELLING = 2  # subjects of each figure
Plain = Mapping[float, Marked]  # by the threshold from which on every voxel is marked
THRESHOLDS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002)

PAGE = """# What limits the detection

The networks of `{name}`, each on the test subjects of its own fold: {n} subjects, {with_hemorrhage} of these with
hemorrhage; {slices} slices, {positive} of these with hemorrhage.

## What the figures hang on

The same scores without single subjects: the two whose absence raises a figure most, for each of the figures. The
specificity at 97 % sensitivity is decided by those slices with hemorrhage that are ranked lowest, {lowest} in number,
of {of_lowest}.

| without | slice AUC | specificity at 97 % slice sensitivity | scan AUC |
|---|---|---|---|
{left_out}

These are no results of the model, which is judged on all subjects; they tell on how few a change of them hangs.

## What is missed

Subjects of whose delineation no voxel is marked; something else may be. The area is the largest on a slice (nominal),
the contrast what the delineation there is brighter than the brain within 5 mm around it, the probability the highest of
a slice with hemorrhage.

| subject | slices with hemorrhage | area, mm² | contrast, HU | subtypes | slice's probability |
|---|---|---|---|---|---|
{missed}

## At the operating points

Every subject by the model of its own fold, at each of this model's operating points. The Dice is the paper's average,
without 070. Sensitivity and specificity are of slices, called where any voxel is marked, be it beside the hemorrhage:
so a subject can be missed on slices that are called. Scans and mL are of scans without hemorrhage. `{in_use}` is what
the run decided by; for the others its kept answers are decided again, in which probabilities are tenths of a logit.

| operating point | Dice | subjects missed | sensitivity | specificity | scans unmarked | mL, median; 95th percentile |
|---|---|---|---|---|---|---|
{points}

## What missing fewer would take

The same where every voxel from a probability on is marked, without outlines. These are probabilities as the model gives
them: calibrated, and weighed by how likely the lesion is one.

| from | Dice | subjects missed | sensitivity | specificity | scans unmarked | mL, median; 95th percentile |
|---|---|---|---|---|---|---|
{thresholds}

Made again by `python scripts/detection_limits.py RUN --data ct-ich --out results/detection-limits`. Derived from
ct-ich: Hssayeni M (2019), PhysioNet, doi:10.13026/w8q8-ky94, CC BY 4.0. Research use only; not a medical device.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """How well hemorrhage is told from none: the AUC of slices and of scans, and the specificity at 97 %."""

    slice_auc: float
    specificity: float
    scan_auc: float


@dataclass(frozen=True, slots=True)
class Missed:
    """A subject of whose hemorrhage no voxel is marked; area, contrast and subtypes as in the page."""

    subject: str
    slices: int
    area_mm2: float
    contrast_hu: float | None
    subtypes: tuple[str, ...]
    slice_probability: float


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of a subject's slices (n,) and of its scan, and which slices have hemorrhage."""

    positive: NDArray[np.bool_]
    slices: NDArray[np.float64]
    scan: float


def figures_of(scores: Mapping[str, Scored], without: Collection[str] = ()) -> Figures:
    """The figures of all subjects but some. Raises ValueError where none with, or none without, hemorrhage is left."""
    left = [one for subject, one in scores.items() if subject not in without]
    of_slices = roc_curve(np.concatenate([one.positive for one in left]), np.concatenate([one.slices for one in left]))
    of_scans = roc_curve([one.positive.any() for one in left], [one.scan for one in left])
    return Figures(of_slices.auc, of_slices.specificity_at(SENSITIVITY)[0], of_scans.auc)


def most_telling(scores: Mapping[str, Scored]) -> list[str]:
    """The subjects whose absence raises a figure most, `MOST_TELLING` of each figure, in the order of the figures."""
    without = {subject: asdict(figures_of(scores, [subject])) for subject in scores}
    as_it_is, found = asdict(figures_of(scores)), []
    for name, value in as_it_is.items():
        raised = sorted((s for s in without if without[s][name] > value), key=lambda s: -without[s][name])
        found += raised[:MOST_TELLING]
    return list(dict.fromkeys(found))


def lowest_ranked(scores: Mapping[str, Scored]) -> list[str]:
    """Of the slices with hemorrhage that a sensitivity of 97 % may miss, and of the next, whose they are."""
    ranked = sorted((p, subject) for subject, one in scores.items() for p in one.slices[one.positive])
    return [subject for _, subject in ranked[: int(len(ranked) * (1 - SENSITIVITY) + 1e-9) + 1]]


def missed_of(case: Case, prediction: Prediction) -> Missed | None:
    """What is missed of a case, if it is missed altogether; the case's gray is read only then."""
    if not case.positive.any() or (prediction.mask & case.mask).any():
        return None
    areas = case.mask.sum(axis=(1, 2))
    largest = int(areas.argmax())
    contrast = contrast_hu(case.mask[largest], case.scan.hu[largest])
    return Missed(
        case.subject,
        int(case.positive.sum()),
        float(areas[largest] * PIXEL_MM**2),
        None if np.isnan(contrast) else contrast,
        tuple(s.value for s, there in zip(Subtype, case.labels.any(axis=0), strict=True) if there),
        float(prediction.slice_probability[case.positive].max()),
    )


def page(
    metrics: Mapping[str, Any],
    scores: Mapping[str, Scored],
    missed: Sequence[Missed],
    points: Mapping[str, Marked],
    plain: Plain,
) -> str:
    """The README of the result; `metrics` are the run's."""
    telling, lowest = most_telling(scores), lowest_ranked(scores)
    counts = sorted(Counter(lowest).items(), key=lambda of: (-of[1], of[0]))
    rows: dict[str, list[str]] = {"nobody": [], **{subject: [subject] for subject in telling}}
    if len(telling) > 1:
        rows["all of these"] = telling
    positive = [one.positive for one in scores.values()]
    return PAGE.format(
        name=metrics["experiment"],
        in_use=next(iter(metrics["made_by"]["chosen"].values()))["operating_point"],
        n=len(scores),
        with_hemorrhage=sum(of.any() for of in positive),
        slices=sum(map(len, positive)),
        positive=sum(of.sum() for of in positive),
        lowest=len(lowest),
        of_lowest=", ".join(f"{subject} ({times})" for subject, times in counts),
        left_out="\n".join(_figures_row(who, figures_of(scores, without)) for who, without in rows.items()),
        missed="\n".join(map(_missed_row, missed)),
        points="\n".join(f"| `{point}` | {marked.cells()} |" for point, marked in points.items()),
        thresholds="\n".join(f"| {threshold:g} | {marked.cells()} |" for threshold, marked in plain.items()),
    )


def _figures_row(who: str, of: Figures) -> str:
    return f"| {who} | {of.slice_auc:.3f} | {100 * of.specificity:.1f} % | {of.scan_auc:.3f} |"


def _missed_row(of: Missed) -> str:
    contrast = "" if of.contrast_hu is None else f"{of.contrast_hu:.0f}"
    subtypes = ", ".join(of.subtypes)
    return f"| {of.subject} | {of.slices} | {of.area_mm2:.0f} | {contrast} | {subtypes} | {of.slice_probability:.3f} |"


def main() -> None:
    """Read, count and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    try:
        find(asked.run, CtIch(asked.data), asked.out)
    except IchorError as error:
        print(f"detection_limits: {error}", file=sys.stderr)
        sys.exit(2)


def find(run: Path, dataset: CtIch, out: Path) -> None:
    """Write the page and its figures. Raises BadConfig where the run has no scores or answers, or one kind of scans."""
    predictions = read_predictions(run, dataset)
    positive = [bool(dataset.labels[subject].any()) for subject in predictions]
    if min(sum(positive), len(positive) - sum(positive)) < 2:  # one is left out in turn
        raise BadConfig(
            f"{run}: expected two scans and more with hemorrhage and without, found {sum(positive)} with "
            f"and {len(positive) - sum(positive)} without"
        )
    scores: dict[str, Scored] = {}
    missed: list[Missed] = []
    points: dict[str, Marked] = {}
    plain = {threshold: Marked() for threshold in THRESHOLDS}
    with progress(len(predictions)) as done:
        for case in dataset.cases(list(predictions)):
            prediction = predictions.of(case)
            scores[case.subject] = Scored(case.positive, prediction.slice_probability, prediction.scan_probability)
            if (one := missed_of(case, prediction)) is not None:
                missed.append(one)
            probability = read_answer(kept_file(run, prediction.fold, case.subject))["probability"]
            method = _model(run, prediction.fold)
            assert method.parameters is not None
            for point, threshold in method.parameters.operating_points.items():
                decided = point == method.parameters.operating_point
                mask = prediction.mask if decided else method.mask_at(probability, threshold)
                points.setdefault(point, Marked()).add(case, mask)
            for threshold, marked in plain.items():
                marked.add(case, probability >= threshold)
            done(case.subject)
    missed.sort(key=lambda one: one.subject)
    out.mkdir(parents=True, exist_ok=True)
    kept = {
        "missed": [asdict(one) for one in missed],
        "operating_points": [{"name": point, **marked.figures()} for point, marked in points.items()],
        "thresholds": [{"threshold": threshold, **marked.figures()} for threshold, marked in plain.items()],
    }
    write_whole(out / "detection.json", json.dumps(kept, indent=1) + "\n")
    write_whole(out / "README.md", page(read_metrics(run), scores, missed, points, plain))


@cache
def _model(run: Path, fold: int) -> UNetSlices:
    method = load_model(fold_folder(run, fold) / MODEL)
    if not isinstance(method, UNetSlices) or method.parameters is None or not method.parameters.operating_points:
        raise BadConfig(f"{run}: expected models with operating points, found {method.name} without in fold {fold}")
    return method


if __name__ == "__main__":
    main()
