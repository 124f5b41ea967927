"""Screens the scans of a validation with a model, as `ichor screen` does: resumably, each into a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ichor.models.package import find_package, operating_point_of, read_config
from ichor.models.verdict import read_verdict_rule
from ichor.read import ReadOptions, ScanPath
from ichor.screening.batch import plan, screen_batch
from ichor.screening.inputs import content_sha256
from ichor.screening.out_folder import make_out_folder, summed_up
from ichor.screening.outcome import Outcome
from ichor.screening.screener import Screener
from ichor.validation.cases import Model

Tell = Callable[[Outcome, int], None]  # an outcome, and how many scans there are


@dataclass(frozen=True, slots=True)
class How:
    """How scans are read and on how many processes and threads they are screened."""

    options: ReadOptions
    workers: int = 1
    threads: int | None = None


def screen_all(
    scans: Sequence[ScanPath],
    out: Path,
    package: Path,
    operating_point: str | None,
    how: How,
    tell: Tell,
    notify: Callable[[str], None],
) -> dict[ScanPath, Outcome]:
    """The outcome of each scan; its results are in a folder in `out`. What was screened before alike is not repeated.

    Raises OutputFailed if nothing can be written, IchorError if the model cannot be loaded.
    """
    jobs = plan(
        scans,
        out,
        how.options,
        method_sha256=content_sha256(package),
        operating_point=operating_point_of(package, operating_point),
    )
    make_out_folder(out)
    threads = max(1, (how.threads or os.cpu_count() or 1) // min(how.workers, len(jobs)))
    make = partial(Screener, package, threads=threads, operating_point=operating_point)
    outcomes: list[Outcome] = []
    with (
        summed_up(out, outcomes),
        closing(screen_batch(jobs, make, workers=how.workers, notify=notify)) as batch,
    ):
        for outcome in batch:
            outcomes.append(outcome)
            tell(outcome, len(jobs))
    of = {(one.job.path, one.job.label): one for one in outcomes}
    return {scan: of[scan.path, scan.label] for scan in scans}


def model_of(name: str | Path, operating_point: str | None) -> tuple[Path, Model]:
    """The folder of a package and what identifies it. Raises BadConfig if there is none, or no such operating point."""
    package = find_package(name)
    config, rule = read_config(package), read_verdict_rule(package)
    return package, Model(
        name=config.model,
        version=config.version,
        sha256=content_sha256(package),
        operating_point=operating_point_of(package, operating_point),
        rule=None if rule is None else rule.model_dump(mode="json"),
    )
