"""One row of the ablation: an experiment judged on subjects that it was not trained on.

    python scripts/ablation.py CONFIG --data DATASET --fold K --out RUN
    python scripts/ablation.py CONFIG --data DATASET --blocks A B --out RUN

With --fold it is fitted on the training block of the fold and judged on its validation block, on which its thresholds
are chosen; the fold's test subjects are not read. With --blocks the network of a cross-fitted experiment is trained
without these two blocks and judged on both: first with nothing chosen, a voxel is hemorrhage from a probability of one
half on; then, under `decided`, each subject by what is chosen on all others of the two blocks. RUN/fold-K/ or
RUN/networks/A-B/ receives ablation.json, the figures, and what the fit leaves; an interrupted fit continues. A run of
`ichor crossval` of the same config goes on from the networks in RUN.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from ichor.atomic import write_whole
from ichor.dataset.case import CHRONIC_SUBJECT, Case, Cases
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.folds import N_FOLDS
from ichor.errors import IchorError
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.overlap import Overlaps, subject_averages
from ichor.experiments.config import load_config
from ichor.experiments.crossed import MODEL, network_folder, require_no_validation, train_network
from ichor.experiments.fold import fold_folder, fold_of
from ichor.experiments.run import claim
from ichor.methods import Method, get
from ichor.methods.unet_slices.method import UNetSlices


def main() -> None:
    """Fit and judge one row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--data", type=Path, required=True)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--fold", type=int)
    which.add_argument("--blocks", type=int, nargs=2)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    config, dataset = load_config(asked.config), CtIch(asked.data)
    claim(asked.out, config, dataset)  # what it leaves may serve a run of the same config, and of no other
    started = time.perf_counter()
    if asked.fold is not None:
        fold = fold_of(config, dataset, asked.fold)
        folder = fold_folder(asked.out, asked.fold)
        cases, method = dataset.cases(fold.validation), get(config.method)(**config.settings)
        method.fit(dataset.cases(fold.training), cases, folder)
        seconds = round(time.perf_counter() - started)
        figures = {
            "fold": asked.fold,
            **judge((method, case) for case in cases),
            "chosen": method.parameters.model_dump(),
        }
    else:
        require_no_validation(config)
        blocks = [fold_of(config, dataset, number) for number in range(1, N_FOLDS + 1)]
        folder = network_folder(asked.out, *asked.blocks)
        train_network(config, dataset, asked.out, blocks, asked.blocks, shlex.join(sys.argv), None)
        seconds = round(time.perf_counter() - started)
        cases = dataset.cases([s for number in asked.blocks for s in blocks[number - 1].test])
        figures = {"blocks": sorted(asked.blocks), **judge_twice(UNetSlices.load(folder / MODEL), cases)}
    row = {"config": config.name, "seconds": seconds, **figures}
    write_whole(folder / "ablation.json", json.dumps(row, indent=1) + "\n")
    print(json.dumps(row))


def judge_twice(method: UNetSlices, cases: Cases) -> dict[str, object]:
    """Figures of a network on cases that it saw nothing of: as it is, and each decided as chosen on all others."""
    plain = judge((method, case) for case in cases)
    evidence = [method.evidence(case) for case in cases]

    def decided() -> Iterator[tuple[Method, Case]]:
        assert method.parameters is not None
        head_mm = method.parameters.head_mm
        for k, case in enumerate(cases):
            method.choose([*evidence[:k], *evidence[k + 1 :]], head_mm)
            yield method, case

    return {**plain, "decided": judge(decided())}


def judge(answering: Iterable[tuple[Method, Case]]) -> dict[str, object]:
    """Figures of cases, each by a method that was not trained on it, on the scans' own grids."""
    overlaps, truth, scores, missed, unseen, false_ml = {}, [], [], [], [], []
    scans, subtypes, labels = [], [], []
    for method, case in answering:
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
            hit = (found.mask & case.mask).any(axis=(1, 2))
            unseen += [not of_slice for of_slice in hit[case.mask.any(axis=(1, 2))]]
            if not hit.any():
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
        "slices_missed": round(float(np.mean(unseen)), 4),
        "slice_auc": round(curve.auc, 4),
        "specificity_at_97": round(curve.specificity_at(0.97)[0], 4),
        "scan_auc": round(roc_curve(*(np.array(column) for column in zip(*scans, strict=True))).auc, 4),
        "missed": missed,
        "false_ml_median": round(float(np.median(false_ml)), 3),
        "false_ml_p95": round(float(np.percentile(false_ml, 95)), 3),
        "unmarked": round(float(np.mean(np.array(false_ml) == 0)), 4),
    }
    if subtypes:
        of, said = np.concatenate(labels), np.concatenate(subtypes)
        row["subtype_auc"] = {
            str(i): round(roc_curve(of[:, i], said[:, i]).auc, 4) for i in np.flatnonzero(of.any(axis=0))
        }
    return row


if __name__ == "__main__":
    try:
        main()
    except IchorError as error:
        print(f"ablation: {error}", file=sys.stderr)
        sys.exit(2)
