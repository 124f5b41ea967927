"""The subjects with hemorrhage, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ichor.anatomy.skull import bone_from_hu
from ichor.dataset.registry import open_dataset
from ichor.errors import BadConfig
from ichor.runs.predictions import read_predictions
from studies.click_refinement.simulate import Slices


def subjects_of(data: Path, run: Path) -> Iterator[Slices]:
    """The slices to correct of each subject with hemorrhage that counts for overlap.

    Raises BadConfig if the run has no masks or the dataset no pixel sizes.
    """
    dataset = open_dataset(data)
    predictions = read_predictions(run, dataset)
    counted = [s for s in dataset.subjects if s not in dataset.excluded_from_overlap]
    for case in dataset.cases(counted):
        if not case.mask.any():
            continue
        prediction = predictions.of(case)
        if prediction.mask is None:
            raise BadConfig(f"{run}: expected masks, found none")
        if case.scan.pixel_mm is None:
            raise BadConfig(f"{data}: expected scans of known pixel size, found subject {case.subject} without")
        drawn = np.flatnonzero((case.mask | prediction.mask).any(axis=(1, 2)))
        hu = np.asarray(case.scan.hu, np.float32)
        row_mm, column_mm = (float(one) for one in np.median(case.scan.pixel_mm, axis=0))
        yield Slices(
            subject=case.subject,
            fold=prediction.fold,
            hu=hu[drawn],
            mask=prediction.mask[drawn],
            reference=case.mask[drawn],
            bone=hu[drawn] >= bone_from_hu(hu),
            pixel_mm=(row_mm, column_mm),
        )
