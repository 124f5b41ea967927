"""Makes a result from a segmentation: measures it, checks the scan and collects the findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from ichor.anatomy.head import find_head
from ichor.findings.build import findings, package_versions
from ichor.findings.checks.check import failed_checks
from ichor.findings.measurements import lesions
from ichor.findings.parts import Making, Timing
from ichor.formats.nifti import grid_warnings
from ichor.models.verdict import VerdictRule
from ichor.read.base import ReadOptions, ScanPath
from ichor.read.dicom.patient import Patient
from ichor.scan import Scan
from ichor.screening.inputs import input_sha256, path_sha256
from ichor.segmentation import Segmentation
from ichor.write.result import Result


def result_of(
    scan: Scan,
    segmentation: Segmentation,
    *,
    name: str,
    path: str | None,
    made_by: Making,
    read_s: float,
    infer_s: float,
    patient: Patient | None = None,
    rule: VerdictRule | None = None,
) -> Result:
    """The result for the scan `name`, with its `path`, or None if it is not to be reported.

    `rule` has the thresholds of the verdict, if the model has any.
    """
    begun = perf_counter()
    head, measured = find_head(scan), None
    if segmentation.mask is not None:
        scan = scan.with_warnings(*(one for one in grid_warnings(scan) if one not in scan.warnings))
        measured = lesions(segmentation.mask, scan, head, segmentation.subtype_probability)
    failed = failed_checks(scan, head)
    spent = perf_counter() - begun
    timing = Timing(
        read=_seconds(read_s), infer=_seconds(infer_s), write=_seconds(spent), total=_seconds(read_s + infer_s + spent)
    )
    found = findings(
        scan,
        segmentation,
        measured,
        failed=failed,
        name=name,
        path=path,
        timing=timing,
        made_by=made_by,
        rule=rule,
    )
    return Result(scan, segmentation, found, None if measured is None else measured.labels, head, patient)


def making_of(
    place: ScanPath,
    options: ReadOptions | None,
    *,
    out: Path | None = None,
    method_sha256: str | None = None,
    patient_shown: bool = False,
    known_input_sha256: str | None = None,
) -> Making:
    """What is kept of how a result is made, of the scan at `place` read with `options`; None if it was read before.

    Results in a folder `out` inside the input are no part of the input. The hash of the input is made of the files at
    `place`, unless it is known.
    """
    return Making(
        packages=package_versions(),
        read_options={} if options is None else options_as_json(options),
        input_sha256=known_input_sha256 or input_sha256(place.path, out, place.files),
        path_sha256=path_sha256(place.path, place.label),
        method_sha256=method_sha256,
        patient_shown=patient_shown,
    )


def options_as_json(options: ReadOptions) -> Mapping[str, Any]:
    """The options as JSON values, without the files of the scan, which are part of the input's hash."""
    values = {**asdict(options), "crop": list(options.crop)}
    del values["files"]
    return values


def _seconds(value: float) -> float:
    return round(value, 3)
