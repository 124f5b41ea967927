"""One row of the ablation: an experiment fitted on the training block of a fold and judged on its validation block.

    python scripts/ablation.py CONFIG --data DATASET --fold K --out RUN

The fold's test subjects are not read. RUN/fold-K/ receives ablation.json, the figures, and what the fit leaves; an
interrupted fit continues.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from ichor.atomic import write_whole
from ichor.dataset.case import CHRONIC_SUBJECT, Cases
from ichor.dataset.ct_ich import CtIch
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.overlap import Overlaps, subject_averages
from ichor.experiments.config import load_config
from ichor.experiments.fold import fold_of
from ichor.methods import Method, get


def main() -> None:
    """Fit and judge one row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fold", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    config, dataset = load_config(asked.config), CtIch(asked.data)
    fold = fold_of(config, dataset, asked.fold)
    folder = asked.out / f"fold-{asked.fold}"
    method = get(config.method)(**config.settings)
    started = time.perf_counter()
    validation = dataset.cases(fold.validation)
    method.fit(dataset.cases(fold.training), validation, folder)
    row = {
        "config": config.name,
        "fold": asked.fold,
        "seconds": round(time.perf_counter() - started),
        **judge(method, validation),
    }
    write_whole(folder / "ablation.json", json.dumps(row, indent=1) + "\n")
    print(json.dumps(row))


def judge(method: Method, validation: Cases) -> dict[str, object]:
    """Figures of a fitted method on the validation cases, on the scans' own grids."""
    overlaps, truth, scores, missed, false_ml = {}, [], [], [], []
    scans, subtypes, labels = [], [], []
    for case in validation:
        answer = method.answer(case.scan)
        found = method.decide(answer)
        overlaps[case.subject] = Overlaps.of(found.mask, case.mask)
        truth.append(case.positive)
        scores.append(found.slice_probability)
        scans.append((bool(case.positive.any()), found.scan_probability))
        if "subtype_probability" in answer:
            subtypes.append(answer["subtype_probability"])
            labels.append(case.labels)
        if case.positive.any():
            if not (found.mask & case.mask).any():
                missed.append(case.subject)
        else:
            false_ml.append(found.mask.sum() * float(np.prod(np.median(case.scan.pixel_mm, axis=0))) * 5 / 1000)
    averages = subject_averages(overlaps, leave_out=[CHRONIC_SUBJECT])
    curve = roc_curve(np.concatenate(truth), np.concatenate(scores))
    row: dict[str, object] = {
        "dice": round(float(np.mean([dice for dice, _ in averages.values()])), 4),
        "jaccard": round(float(np.mean([jaccard for _, jaccard in averages.values()])), 4),
        "n": len(averages),
        "dice_of": {subject: round(dice, 3) for subject, (dice, _) in averages.items()},
        "slice_auc": round(curve.auc, 4),
        "scan_auc": round(roc_curve(*(np.array(column) for column in zip(*scans, strict=True))).auc, 4),
        "missed": missed,
        "false_ml_median": round(float(np.median(false_ml)), 3),
        "false_ml_p95": round(float(np.percentile(false_ml, 95)), 3),
        "chosen": method.chosen.model_dump(),  # type: ignore[attr-defined]
    }
    if subtypes:
        of, said = np.concatenate(labels), np.concatenate(subtypes)
        row["subtype_auc"] = {
            str(i): round(roc_curve(of[:, i], said[:, i]).auc, 4) for i in np.flatnonzero(of.any(axis=0))
        }
    return row


if __name__ == "__main__":
    main()
