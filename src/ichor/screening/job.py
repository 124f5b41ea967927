"""A scan to screen: its location, where its results go, and which identifying data they show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ichor.read.base import ReadOptions, ScanPath
from ichor.screening.names import full_path


@dataclass(frozen=True, slots=True)
class Shown:
    """Which identifying data results show.

    Attributes:
        paths: the scan's path, in findings.json, the report and summary.csv.
        patient: the patient's name and date of birth and the date of the study, in the report only.
    """

    paths: bool = True
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One scan to screen.

    Attributes:
        path: its location, as the user gave it.
        folder: where its results go; the folder's name is the scan's name.
        options: how to read it.
        outputs: the names of the requested outputs; None for the default ones that the method supports.
        method_sha256: a hash of the trained method; if None, no later run reuses the results.
        operating_point: the name of the method's operating point; None if it has none.
        label: distinguishes it from other scans at the path; empty if it is the only one.
        show: which identifying data its results show.
    """

    path: Path
    folder: Path
    options: ReadOptions
    outputs: tuple[str, ...] | None = None
    method_sha256: str | None = None
    operating_point: str | None = None
    label: str = ""
    show: Shown = field(default_factory=Shown)

    @property
    def name(self) -> str:
        """The name of the scan."""
        return self.folder.name

    @property
    def shown_path(self) -> str | None:
        """The scan's path, or None if it is not to be shown."""
        return full_path(self.scan) if self.show.paths else None

    def without_path(self, text: str) -> str:
        """The text with the scan's path replaced by its name, if the path is not to be shown."""
        return text if self.show.paths else text.replace(str(self.path), self.name)

    @property
    def scan(self) -> ScanPath:
        """The location of the scan."""
        return ScanPath(self.path, self.options.files, self.label)
