"""All metrics of a run, each with its number of cases and a 95 % interval from resampling subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ichor.evaluate.detection_metrics import detection_metrics
from ichor.evaluate.extent_metrics import EXTENT_METRICS, extent_metrics
from ichor.evaluate.intervals import Sampling, as_figures
from ichor.evaluate.results import SubjectResult
from ichor.evaluate.segmentation_metrics import SEGMENTATION_METRICS, segmentation_metrics


def metrics_of(results: Sequence[SubjectResult]) -> dict[str, Any]:
    """The content of metrics.json. Each metric is {"value", "ci95", "n"}, with null values if it is not defined.

    `excluded_from_overlap` names the subjects that Dice and all other overlap metrics leave out, each with the
    dataset's reason; they count in detection. Raises ValueError if there is no result.
    """
    excluded = {r.subject: r.excluded_from_overlap for r in results if r.excluded_from_overlap}
    metrics = {name: as_figures(metric) for name, metric in sampled_metrics(results).items()}
    return {"excluded_from_overlap": excluded, **metrics}


def sampled_metrics(results: Sequence[SubjectResult]) -> dict[str, Any]:
    """The same metrics with their values on every resample; those that need a mask are None for a detector.

    Raises ValueError if some subjects have masks and others have none.
    """
    sampling = Sampling(len(results))
    segmented = [r.pixels is not None for r in results]
    if any(segmented) and not all(segmented):
        raise ValueError("expected masks for all subjects or for none, found them for some")
    if not any(segmented):
        return {**dict.fromkeys((*SEGMENTATION_METRICS, *EXTENT_METRICS)), **detection_metrics(results, sampling)}
    return {
        **segmentation_metrics(results, sampling),
        **extent_metrics(results, sampling),
        **detection_metrics(results, sampling),
    }
