"""All figures of a run, each with its number of cases and a 95 % interval from resampling subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ichor.evaluate.detection_figures import detection_figures
from ichor.evaluate.extent_figures import EXTENT_FIGURES, extent_figures
from ichor.evaluate.intervals import Sampling, as_figures
from ichor.evaluate.results import SubjectResult
from ichor.evaluate.segmentation_figures import SEGMENTATION_FIGURES, segmentation_figures


def metrics_of(results: Sequence[SubjectResult]) -> dict[str, Any]:
    """The figures of metrics.json. Each is {"value", "ci95", "n"}; null if it is not defined.

    `excluded_from_overlap` names the subjects that Dice and all other figures of overlap leave out, each with the
    dataset's reason; detection counts them too. Raises ValueError if there is no result.
    """
    excluded = {r.subject: r.excluded_from_overlap for r in results if r.excluded_from_overlap}
    figures = {name: as_figures(figure) for name, figure in sampled_figures(results).items()}
    return {"excluded_from_overlap": excluded, **figures}


def sampled_figures(results: Sequence[SubjectResult]) -> dict[str, Any]:
    """The same, each figure as a `Sampled` on every resample of the subjects; a detector has none that needs a mask.

    Raises ValueError if some subjects have masks and others have none.
    """
    sampling = Sampling(len(results))
    segmented = [r.pixels is not None for r in results]
    if any(segmented) and not all(segmented):
        raise ValueError("expected masks of all subjects or of none, found them of some")
    if not any(segmented):
        return {**dict.fromkeys((*SEGMENTATION_FIGURES, *EXTENT_FIGURES)), **detection_figures(results, sampling)}
    return {
        **segmentation_figures(results, sampling),
        **extent_figures(results, sampling),
        **detection_figures(results, sampling),
    }
