"""Output `report`: one self-contained page with the findings of a scan, for the screen and for printing.

`pictures` renders the slices with outlines and `plot` the probability along the head; `page.html.j2` and `style.css`
lay them out. The page uses neither network nor JavaScript, and its content security policy forbids both.
"""

from __future__ import annotations

from pathlib import Path

from ichor.atomic import write_whole
from ichor.scan import Scan
from ichor.write.report.page import report_of
from ichor.write.result import Result


class Report:
    """report.html."""

    name = "report"
    files = ("report.html",)
    needs_mask = False

    def check(self, scan: Scan) -> None:
        """Every scan has a report."""

    def write(self, result: Result, folder: Path) -> None:
        """Write report.html."""
        write_whole(folder / self.files[0], report_of(result))


__all__ = ["Report"]
