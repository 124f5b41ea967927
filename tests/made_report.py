"""Findings and reports of made heads."""

from __future__ import annotations

import re
from pathlib import Path

from ichor.anatomy.head import find_head
from ichor.findings.build import findings, package_versions
from ichor.findings.checks.check import unlikenesses
from ichor.findings.measurements import Lesions, lesions
from ichor.findings.schema import Findings, Making, Timing
from ichor.scan import Scan
from ichor.screening.pipeline import Screener
from ichor.write.report import write_report
from made_scans import ThresholdMethod

PATIENT_MS = 120_000  # on a machine that is busy with other work


def found_in(scan: Scan, name: str = "made", method: Screener | None = None) -> Findings:
    """What a method, or the made one, finds in a scan."""
    return _screened(scan, name, method)[0]


def write_made_report(path: Path, scan: Scan, name: str = "made", method: Screener | None = None) -> Path:
    """Write the report of it to `path`, which is returned."""
    found, measured = _screened(scan, name, method)
    write_report(found, scan, measured.labels, find_head(scan), path)
    return path


def text_of(path: Path) -> str:
    """The page's words, without markup and pictures."""
    body = path.read_text(encoding="utf-8").split("<body>")[1]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'").split())


def _screened(scan: Scan, name: str, method: Screener | None) -> tuple[Findings, Lesions]:
    segmentation = (method or ThresholdMethod()).predict(scan)
    head = find_head(scan)
    measured = lesions(segmentation.mask, scan, head, segmentation.subtype_probability)
    timing = Timing(read=0.1, infer=0.2, write=0, total=0)
    making = Making(packages=package_versions(), read_options={}, input_sha256="0", path_sha256="0", method_sha256=None)
    unlike = unlikenesses(scan, head)
    return findings(scan, segmentation, measured, unlike=unlike, name=name, timing=timing, made_by=making), measured
