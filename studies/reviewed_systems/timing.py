"""How long a system takes for one scan, from an open scan to its segmentation."""

from __future__ import annotations

import json
import statistics
import time
from functools import partial
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.errors import BadConfig
from ichor.experiments.making import hardware
from ichor.methods.base import Method
from ichor.methods.capabilities import is_given_seeds
from ichor.methods.loading import load_model
from ichor.methods.registry import get
from ichor.methods.seeds import seeds_of
from ichor.runs.files import read_metrics
from ichor.runs.plain_files import read_object

TIMES = "seconds.json"
SCANS, FOLD = 5, 1  # of its test subjects, each by the system that was not trained on them


def time_run(run: Path, to: Path, dataset: Dataset, subjects: list[str]) -> float:
    """Time the first fold's system on some of its test subjects and write the seconds; returns their median.

    Raises BadConfig if the run keeps no trained system.
    """
    folder = run / f"fold-{FOLD}" / "model"
    if not folder.is_dir():
        raise BadConfig(f"{run}: expected the trained system of fold {FOLD}, found none")
    return _time(get(read_metrics(run)["config"]["method"]).load(folder), to, dataset, subjects)


def time_shipped(to: Path, dataset: Dataset, subjects: list[str]) -> float:
    """The same for the shipped model, which was trained on these subjects; that does not change its time."""
    return _time(load_model().method, to, dataset, subjects)


def _time(method: Method, to: Path, dataset: Dataset, subjects: list[str]) -> float:
    """One more scan is predicted before the others, since a first one prepares what later ones share."""
    seconds = []
    for subject in (subjects[-1], *subjects[:SCANS]):
        case = dataset.case(subject)
        predict = partial(method.predict, case.scan)
        if is_given_seeds(method):
            predict = partial(method.predict_seeded, case.scan, seeds_of(case.mask))
        begun = time.perf_counter()
        predict()
        seconds.append(round(time.perf_counter() - begun, 3))
    about = {"subjects": subjects[:SCANS], "seconds": seconds[1:], "hardware": hardware()}
    to.mkdir(exist_ok=True)
    write_whole(to / TIMES, json.dumps(about, indent=1) + "\n")
    return statistics.median(seconds[1:])


def seconds_in(folder: Path) -> float | None:
    """The median seconds of one scan; None if the system was not timed."""
    file = folder / TIMES
    return float(statistics.median(read_object(file, "seconds of scans")["seconds"])) if file.is_file() else None
