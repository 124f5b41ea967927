"""A cache of comparisons of two readers: a reading can no longer change once another one of the scan is finished."""

from __future__ import annotations

from ichor.annotate.agreement_over_scans import OnScan, on_scan
from ichor.annotate.project import Project, ScanRecord


class Agreements:
    """The comparisons that have been requested."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._kept: dict[tuple[int, str, str], OnScan] = {}

    def of(self, record: ScanRecord, a: str, b: str) -> OnScan:
        """Compare two finished readings of a scan."""
        key = record.id, a, b
        if key not in self._kept:
            self._kept[key] = on_scan(record, *(self._project.layer(record.id, name) for name in (a, b)))
        return self._kept[key]
