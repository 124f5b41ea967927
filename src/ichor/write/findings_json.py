"""Output `json`: findings.json, with all findings of a scan; docs/reference/findings.md explains its keys."""

from __future__ import annotations

from pathlib import Path

from ichor.atomic import write_whole
from ichor.scan import Scan
from ichor.write.result import Result

FINDINGS = "findings.json"


class FindingsJson:
    """The findings as JSON."""

    name = "json"
    files = (FINDINGS,)
    needs_mask = False

    def check(self, scan: Scan) -> None:
        """Every scan has findings."""

    def write(self, result: Result, folder: Path) -> None:
        """Write findings.json."""
        write_whole(folder / FINDINGS, result.findings.as_json())
