"""What a worker process does with one study: screen it, or say why it cannot be screened."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from ichor.atomic import make_folder, reporting_disk_errors, sync, write_whole
from ichor.errors import OutputFailed, UnreadableInput
from ichor.models.package import find_package, operating_point_of
from ichor.node.config import Screening
from ichor.node.queue.analysis import Summary
from ichor.node.summary import summary_of
from ichor.read import ReadOptions, ScanPath, inspect
from ichor.screening.inputs import content_sha256
from ichor.screening.job import Job
from ichor.screening.outcome import failed
from ichor.screening.pipeline import earlier_findings, screen_scan
from ichor.screening.screener import Screener

UNUSABLE, ANALYSIS = "unusable.json", "analysis.json"


@dataclass(frozen=True, slots=True)
class Task:
    """A study to screen.

    Attributes:
        images: the folder of its images.
        files: the names of the images.
        result: the folder for its result.
        number: of the analysis.
        replaces: the number of the analysis whose result this one replaces, or None.
    """

    images: Path
    files: tuple[str, ...]
    result: Path
    number: int
    replaces: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The outcome of a task.

    Attributes:
        how: done; unusable, if there is no head CT that can be screened; failed, if a person should look at the
            study; or no room, if the result could not be written to the disk.
        verdict, method: of the findings: the tier, and the model package's hash.
        summary: of the findings.
        reason: why it did not succeed, in one line, without the study's folder.
        crash: the place in the code where an unexpected error occurred.
    """

    how: Literal["done", "unusable", "failed", "no room"]
    verdict: str = ""
    method: str | None = None
    summary: Summary | None = None
    reason: str = ""
    crash: str = field(default="", repr=False)


def make_work(settings: Screening) -> Callable[[Task], Ended]:
    """Load the model; returns the function that screens studies with it.

    Raises BadConfig if there is no such model or operating point.
    """
    from ichor.node.logs import keep_quiet

    keep_quiet()
    package = find_package(settings.model)
    threads = max(1, (settings.threads or os.cpu_count() or 1) // settings.workers)
    screener = Screener(package, operating_point=settings.operating_point, threads=threads)
    return partial(
        _screen,
        screener=screener,
        outputs=settings.outputs,
        method_sha256=content_sha256(package),
        operating_point=operating_point_of(package, settings.operating_point),
    )


def _screen(
    task: Task, *, screener: Screener, outputs: tuple[str, ...], method_sha256: str, operating_point: str | None
) -> Ended:
    """Screen one study. Any error becomes its outcome, except requests to end the process."""
    job = Job(
        path=task.images,
        folder=task.result,
        options=ReadOptions(files=task.files),
        outputs=outputs,
        method_sha256=method_sha256,
        operating_point=operating_point,
    )
    try:
        if (task.result / UNUSABLE).is_file():  # found before the node was killed
            return Ended("unusable", reason=json.loads((task.result / UNUSABLE).read_text())["reason"])
        findings = earlier_findings(job) or screen_scan(job, screener)
        _write_analysis(task)
        return Ended(
            "done",
            verdict=findings.tier.value,
            method=findings.made_by.method_sha256,
            summary=summary_of(findings),
        )
    except UnreadableInput as error:
        return _unusable(task, _without(task, str(error)))
    except OutputFailed as error:
        return Ended("no room", reason=str(error))
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # native decoders raise errors that are not Exceptions
        outcome = failed(job, error)
        return Ended("failed", reason=_without(task, outcome.reason), crash=outcome.crash)


def _write_analysis(task: Task) -> None:
    """Record, next to the findings, which analysis of the study this is."""
    about = {"number": task.number, "replaces": task.replaces, "images": len(task.files)}
    with reporting_disk_errors(task.result):
        write_whole(task.result / ANALYSIS, json.dumps(about, indent=1) + "\n", private=True)
        sync(task.result / ANALYSIS)


def _unusable(task: Task, reason: str) -> Ended:
    """Write the result of a study without a usable series: the reason, and the reason for each series."""
    series = []
    try:
        found = inspect(ScanPath(task.images, task.files))
        series = [asdict(one) for one in found.series]
    except UnreadableInput:
        pass
    kept = ("uid", "modality", "n_slices", "reason")
    about = {
        "notice": "Research use only; not a medical device.",
        "reason": reason,
        "series": [{name: one[name] for name in kept} for one in series],
        "number": task.number,
        "replaces": task.replaces,
        "images": len(task.files),
    }
    try:
        with reporting_disk_errors(task.result):
            make_folder(task.result, private=True)
            write_whole(task.result / UNUSABLE, json.dumps(about, indent=1) + "\n", private=True)
            sync(task.result / UNUSABLE)
            sync(task.result)
    except OutputFailed as error:
        return Ended("no room", reason=str(error))
    return Ended("unusable", reason=reason)


def _without(task: Task, reason: str) -> str:
    """The reason without the folder, whose name means nothing to a person."""
    return " ".join(reason.replace(f"{task.images}: ", "").replace(str(task.images), "the study").split())
