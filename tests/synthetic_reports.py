"""Findings and reports of made heads."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ichor.findings.build import package_versions
from ichor.findings.parts import Making, Timing
from ichor.findings.schema import Findings
from ichor.scan import Scan
from ichor.screening.screener import Predicts, Screener
from ichor.write.report import Report
from ichor.write.result import Result
from synthetic_scans import ThresholdMethod

PATIENT_MS = 120_000  # on a machine that is busy with other work


def result_of(scan: Scan, name: str = "made", method: Predicts | None = None) -> Result:
    """What a method, or the made one, makes of a scan."""
    made_by = Making(
        packages=package_versions(), read_options={}, input_sha256="0", path_sha256="0", method_sha256=None
    )
    screener = Screener.of(method or ThresholdMethod())
    result = screener.result(scan, name=name, path=None, made_by=made_by, read_s=0.1)
    timing = Timing(read=0.1, infer=0.2, write=0, total=0.3)  # the same each time
    return replace(result, findings=result.findings.model_copy(update={"timing_s": timing}))


def found_in(scan: Scan, name: str = "made", method: Predicts | None = None) -> Findings:
    """What a method, or the made one, finds in a scan."""
    return result_of(scan, name, method).findings


def write_synthetic_report(path: Path, scan: Scan, name: str = "made", method: Predicts | None = None) -> Path:
    """Write the report of it to `path`, named report.html, which is returned."""
    Report().write(result_of(scan, name, method), path.parent)
    return path


def text_of(path: Path) -> str:
    """The page's words, without markup and pictures."""
    body = path.read_text(encoding="utf-8").split("<body>")[1]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'").split())
