"""Comparisons of two readers on a scan, kept: a reading is closed for good once another of the scan is finished."""

from __future__ import annotations

from ichor.annotate.agreement_over_scans import OnScan, on_scan
from ichor.annotate.project import Project, ScanRecord


class Agreements:
    """The comparisons that were asked for."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._kept: dict[tuple[int, str, str], OnScan] = {}

    def of(self, record: ScanRecord, a: str, b: str) -> OnScan:
        """The two readings of a scan, which both are finished."""
        key = record.id, a, b
        if key not in self._kept:
            self._kept[key] = on_scan(record, *(self._project.layer(record.id, name) for name in (a, b)))
        return self._kept[key]
