"""Predictions of slices as pictures by themselves, with parameters calibrated on scans or on such pictures.

RUN/VARIANT/single/CALIBRATION/STYLE/SUBJECT.json the row of a subject (see `studies.robustness.figures.Row`)
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS
from ichor.methods.unet_slices.evidence import Evidence
from ichor.methods.unet_slices.method import UNetSlices
from studies.recipe.inner import Variant, blocks_of, inner_blocks, method_of
from studies.robustness.conditions import CONDITIONS
from studies.robustness.figures import Row
from studies.robustness.predictions import row_under

STYLES = tuple(one for one in CONDITIONS if one.key in ("picture-brain", "picture-80-annotated"))
SCANS, OWN = "scans", "own"
CALIBRATIONS = (SCANS, OWN)

Rows = dict[str, dict[str, dict[str, Row]]]  # of subjects, by condition and calibration


def rows_of(variant: Variant, dataset: Dataset, run: Path) -> Rows:
    """The rows of all subjects; those that exist are kept."""
    blocks = blocks_of(variant, dataset)
    with progress(sum(len(block.test) for block in blocks)) as done:
        for outer in range(1, N_FOLDS + 1):
            # Of the two inner blocks of a fold, one is predicted: so each block is predicted once.
            (other_pair, other), (pair, inner) = sorted(inner_blocks(outer), key=lambda of: (of[1] - outer) % N_FOLDS)
            missing = [s for s in blocks[inner - 1].test if not all(f.exists() for f in _files(variant, run, s))]
            methods = {}
            if missing:
                fitted = _method(variant, run, other_pair, own=True)
                evidence = [fitted.calibration_evidence(case) for case in dataset.cases(blocks[other - 1].test)]
                for calibration in CALIBRATIONS:
                    method = _method(variant, run, pair, own=calibration == OWN)
                    method.calibrate(evidence if calibration == OWN else [_of_scan(one) for one in evidence])
                    methods[calibration] = method
            for subject in blocks[inner - 1].test:
                if subject in missing:
                    _predict(variant, dataset, run, subject, methods)
                done(f"{variant.name}: subject {subject}")
    return {
        style.key: {
            calibration: {
                subject: json.loads(_file(variant, run, calibration, style.key, subject).read_text(encoding="utf-8"))
                for block in blocks
                for subject in sorted(block.test)
            }
            for calibration in CALIBRATIONS
        }
        for style in STYLES
    }


def _method(variant: Variant, run: Path, pair: tuple[int, int], *, own: bool) -> UNetSlices:
    method = method_of(variant, run, pair)
    method.settings = method.settings.model_copy(update={"single_slices": own})
    return method


def _of_scan(evidence: Evidence | None) -> Evidence | None:
    return None if evidence is None else replace(evidence, alone=())


def _predict(variant: Variant, dataset: Dataset, run: Path, subject: str, methods: dict[str, UNetSlices]) -> None:
    case = dataset.case(subject)
    for style in STYLES:
        for calibration, method in methods.items():
            file = _file(variant, run, calibration, style.key, subject)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, json.dumps(row_under(style, method, case)))


def _files(variant: Variant, run: Path, subject: str) -> list[Path]:
    return [_file(variant, run, calibration, style.key, subject) for style in STYLES for calibration in CALIBRATIONS]


def _file(variant: Variant, run: Path, calibration: str, style: str, subject: str) -> Path:
    return variant.folder(run) / "single" / calibration / style / f"{subject}.json"
