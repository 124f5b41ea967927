"""Screens one scan of a batch, from its files to a folder of results."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Protocol

from ichor.errors import Code, IchorError
from ichor.findings.parts import Making
from ichor.findings.schema import Findings
from ichor.read import open_scan
from ichor.read.dicom.patient import Patient, patient_of
from ichor.scan import Scan
from ichor.screening.job import Job
from ichor.screening.measure import making_of
from ichor.write.base import Output
from ichor.write.folder import has_files, is_foreign, read_findings, save
from ichor.write.registry import outputs_of
from ichor.write.result import Result


class Screens(Protocol):
    """What screening a scan of a batch needs of a `Screener`."""

    def result(
        self, scan: Scan, *, name: str, path: str | None, made_by: Making, read_s: float, patient: Patient | None = None
    ) -> Result:
        """As `Screener.result`."""
        ...


def screen_scan(job: Job, screener: Screens) -> Findings:
    """Read, segment, measure and write one scan; its folder appears when it is complete.

    The files are private, since they show a patient's head. Raises UnreadableInput if there is no scan to read,
    OutputFailed if the results cannot be written, and IchorError if an output cannot be made for the scan, or if the
    job's folder holds something other than a result, which is never replaced.
    """
    if is_foreign(job.folder):
        raise IchorError(f"{job.folder}: expected an earlier result or nothing, found something else; it is kept")
    start = perf_counter()
    made_by = _making(job)
    scan = open_scan(job.path, job.options)
    for output in outputs_of(job.outputs or ()):
        _require(output, scan)
    scan = replace(scan, warnings=tuple(map(job.without_path, scan.warnings)))
    patient = patient_of(scan, job.options.files) if job.show.patient else None
    result = screener.result(
        scan, name=job.name, path=job.shown_path, made_by=made_by, read_s=perf_counter() - start, patient=patient
    )
    return save(result, job.folder, job.outputs)


def _require(output: Output, scan: Scan) -> None:
    """Raises IchorError if the output cannot be made for the scan."""
    try:
        output.check(scan)
    except IchorError as error:
        error.code = Code.OUTPUT
        raise


def earlier_findings(job: Job) -> Findings | None:
    """The findings of an earlier run on the same input with the same method and options; None if there are none."""
    try:
        return _earlier_findings(job)
    except OSError:  # the input or the result cannot be accessed: screening it will report why
        return None


def _earlier_findings(job: Job) -> Findings | None:
    found = read_findings(job.folder)
    if found is None or not has_files(job.folder, job.outputs, has_mask=found.method.segments):
        return None
    same = (
        found.method.operating_point == job.operating_point
        and found.scan.path == job.shown_path
        and found.made_by.method_sha256 is not None
        and found.made_by.method_sha256 == job.method_sha256
        and _is_alike(found.made_by, _making(job))  # last, since it looks at every file of the input
    )
    return found if same else None


def _is_alike(before: Making, now: Making) -> bool:
    """Whether two results were made alike, by the same version of Ichor; other packages may differ."""
    return before.packages["ichor-ct"] == now.packages["ichor-ct"] and before == now.model_copy(
        update={"packages": before.packages}
    )


def _making(job: Job) -> Making:
    return making_of(
        job.scan,
        job.options,
        out=job.folder.parent,
        method_sha256=job.method_sha256,
        patient_shown=job.show.patient,
        known_input_sha256=None if job.origin is None else job.origin.sha256,
    )
