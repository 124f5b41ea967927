"""One scan, from its files to a folder of results."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from pydantic import ValidationError

from ichor.anatomy.head import find_head
from ichor.atomic import reporting_disk_errors, whole_folder
from ichor.errors import IchorError
from ichor.findings.build import findings, package_versions
from ichor.findings.checks.check import unlikenesses
from ichor.findings.measurements import lesions
from ichor.findings.schema import Findings, Making, Timing
from ichor.formats.nifti import grid_warnings, write_labels, write_probability
from ichor.read import open_scan
from ichor.read.base import ReadOptions
from ichor.read.dicom.patient import patient_of
from ichor.scan import Scan
from ichor.screening.inputs import input_sha256, path_sha256
from ichor.screening.job import Job
from ichor.segmentation import Segmentation
from ichor.write.report import write_report

FINDINGS, MASK, PROBABILITY, REPORT = "findings.json", "mask.nii.gz", "probability.nii.gz", "report.html"


class Screener(Protocol):
    """What screening asks of a method: its answer."""

    def predict(self, scan: Scan) -> Segmentation:
        """The method's answer on the scan's own grid."""
        ...


def screen_scan(job: Job, method: Screener) -> Findings:
    """Read, segment, measure and write one scan; its folder appears when all of it is there.

    What is written is private: it holds a patient's head. Raises UnreadableInput where there is no scan to read,
    OutputFailed where the disk refuses the results, and IchorError where the job's folder holds something that is no
    result: it is never replaced.
    """
    if is_foreign(job.folder):
        raise IchorError(f"{job.folder}: expected an earlier result or nothing, found something else; it is kept")
    start = perf_counter()
    made_by = Making(
        packages=package_versions(),
        read_options=_options(job.options),
        input_sha256=input_sha256(job.path, job.folder.parent, job.options.files),
        path_sha256=path_sha256(job.path, job.label),
        method_sha256=job.method_sha256,
        patient_shown=job.show.patient,
    )
    scan = open_scan(job.path, job.options)
    scan = scan.with_warnings(*grid_warnings(scan))
    scan = replace(scan, warnings=tuple(map(job.without_path, scan.warnings)))
    patient = patient_of(scan, job.options.files) if job.show.patient else None
    was_read = perf_counter()
    segmentation = method.predict(scan)
    was_inferred = perf_counter()
    head = find_head(scan)
    unlike = unlikenesses(scan, head)
    probability, mask = segmentation.outline()
    measured = lesions(mask, scan, head, segmentation.subtype_probability)
    timing = Timing(read=_seconds(was_read - start), infer=_seconds(was_inferred - was_read), write=0, total=0)
    found = findings(
        scan,
        segmentation,
        measured,
        unlike=unlike,
        name=job.name,
        path=job.shown_path,
        timing=timing,
        made_by=made_by,
    )
    with reporting_disk_errors(job.folder), whole_folder(job.folder, private=True) as folder:
        write_labels(measured.labels, scan, folder / MASK)
        if job.probability:
            write_probability(probability, scan, folder / PROBABILITY)
        write_report(found, scan, measured.labels, head, folder / REPORT, patient)
        now = perf_counter()
        spent = {"write": _seconds(now - was_inferred), "total": _seconds(now - start)}
        found = found.model_copy(update={"timing_s": timing.model_copy(update=spent)})
        (folder / FINDINGS).write_text(found.as_json(), encoding="utf-8")
    return found


def earlier_findings(job: Job) -> Findings | None:
    """What an earlier run found of the same input by the same method and options; None if it is to do."""
    try:
        return _earlier_findings(job)
    except OSError:  # the input or the result cannot be looked at: screening it tells why
        return None


def _earlier_findings(job: Job) -> Findings | None:
    found = read_findings(job.folder)
    wanted = [MASK, REPORT, *([PROBABILITY] if job.probability else [])]
    if found is None or not all((job.folder / name).is_file() for name in wanted):
        return None
    made_by = found.made_by
    same = (
        made_by.method_sha256 is not None
        and made_by.method_sha256 == job.method_sha256
        and found.method.operating_point == job.operating_point
        and found.scan.path == job.shown_path
        and made_by.patient_shown == job.show.patient
        and made_by.packages["ichor-ct"] == package_versions()["ichor-ct"]
        and made_by.read_options == _options(job.options)
        and made_by.path_sha256 == path_sha256(job.path, job.label)
        and made_by.input_sha256 == input_sha256(job.path, job.folder.parent, job.options.files)
    )
    return found if same else None


def is_foreign(path: Path) -> bool:
    """Whether something is there that is no folder of results, and so is not ours to replace."""
    try:
        return os.path.lexists(path) and not (path / FINDINGS).is_file()
    except OSError:  # a folder of another user's
        return True


def read_findings(folder: Path) -> Findings | None:
    """The findings in a folder of results; None where there are none that this version understands."""
    try:
        return Findings.model_validate_json((folder / FINDINGS).read_bytes())
    except (OSError, ValidationError):
        return None


def _options(options: ReadOptions) -> dict[str, Any]:
    """As JSON gives it back; which files make the scan is part of the input's hash."""
    said = {**asdict(options), "crop": list(options.crop)}
    del said["files"]
    return said


def _seconds(value: float) -> float:
    return round(value, 3)
