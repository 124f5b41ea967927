"""What the DICOM outputs share: which scans they support, the source's headers, and the algorithm."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from ichor.errors import IchorError
from ichor.formats.algorithm import Algorithm
from ichor.formats.dicom_out import ObjectFacts, require_highdicom
from ichor.formats.uid import named_uid
from ichor.scan import Scan
from ichor.version import __version__
from ichor.write.result import Result


class DicomOutput:
    """Base of the DICOM outputs; each adds its name, its files and `write`."""

    name: str
    needs_mask = True

    def __init__(self) -> None:
        """Raise IchorError if highdicom is not installed."""
        require_highdicom()

    def check(self, scan: Scan) -> None:
        """Raise IchorError if no object could refer to the scan's slices."""
        require_one_series(scan, self.name)


def require_one_series(scan: Scan, output: str) -> None:
    """Raise IchorError unless the scan is one DICOM series with identifier, position and pixel size for each slice."""
    source = scan.source
    if source.kind != "dicom":
        raise IchorError(f"{source.path}: expected a DICOM series for the output {output}, found {source.kind}")
    if len(source.series_uids) > 1:
        raise IchorError(
            f"{source.path}: expected one DICOM series for the output {output}, "
            f"found {len(source.series_uids)} that were joined"
        )
    if len(set(zip(source.instance_uids, source.frame_numbers, strict=True))) < scan.n_slices:
        raise IchorError(
            f"{source.path}: expected a SOP Instance UID for each slice for the output {output}, "
            f"found {len(set(source.instance_uids))} for {scan.n_slices} slices"
        )
    if scan.pixel_mm is None or scan.positions_mm is None:
        missing = "pixel size" if scan.pixel_mm is None else "positions of slices"
        raise IchorError(
            f"{source.path}: expected pixel size and positions of slices for the output {output}, found no {missing}"
        )


def headers_of(result: Result) -> list[Any]:
    """The header of each slice, as pydicom datasets. Raises UnreadableInput if an instance no longer exists."""
    from ichor.read.dicom.source import read_source

    return read_source(result.scan)


def facts_of(result: Result, output: str, series_number: int, description: str) -> ObjectFacts:
    """The attributes of a new object, with new UIDs."""
    assert result.mask is not None  # `check` guarantees it
    source, now = result.scan.source, datetime.now()
    digest = hashlib.sha256(result.mask.tobytes()).hexdigest()
    names = (source.series_uid or source.instance_uids[0], digest, now.isoformat(), output)
    return ObjectFacts(
        series_uid=named_uid(*names),
        instance_uid=named_uid(*names, "1"),
        series_number=series_number,
        description=description,
        created=now,
    )


def algorithm_of(result: Result) -> Algorithm:
    """The method that made a result: its model, the hash of the package, and how it was run."""
    method, made_by = result.findings.method, result.findings.made_by
    ran = method.inference
    parameters = {
        "method": method.name,
        "operating_point": method.operating_point,
        "threshold": f"{method.threshold:g}",
        "engine": None if ran is None else ran.engine,
        "precision": None if ran is None else ran.precision,
        "instruction_set": None if ran is None else ran.instruction_set,
        "ichor": __version__,
    }
    return Algorithm(
        name=method.model or method.name,
        version=method.version or __version__,
        sha256=made_by.method_sha256 or "",
        parameters=tuple((name, value) for name, value in parameters.items() if value),
        is_ai=ran is not None,  # a network was run
    )
