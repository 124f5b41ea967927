"""A scan to screen: where it lies, where its results go, and what they show of whose they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ichor.read.base import ReadOptions, ScanPath
from ichor.screening.names import full_path


@dataclass(frozen=True, slots=True)
class Shown:
    """What results show of whose they are.

    Attributes:
        paths: the scan's path, in findings.json, the report and summary.csv.
        patient: the patient's name and date of birth and the date of the study, in the report alone.
    """

    paths: bool = True
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One scan to screen.

    Attributes:
        path: where it lies, as the user gave it.
        folder: where its results go; the folder's name is the scan's name.
        options: what the user said of it.
        outputs: the names of the outputs that are asked for; None for the default ones, as far as the method outlines.
        method_sha256: a hash that stands for the method with all that it learned; None if there is none, and
            then no later run takes the results for its own.
        operating_point: the name of the one that the method decides at; None if it has none.
        label: what tells it from other scans at the path; empty where it is the only one.
        show: what its results show of whose they are.
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
        """What the scan is called."""
        return self.folder.name

    @property
    def shown_path(self) -> str | None:
        """Where the scan lies, where that is to be shown."""
        return full_path(self.scan) if self.show.paths else None

    def without_path(self, text: str) -> str:
        """The text with the scan's name in place of its path, where that is not to be shown."""
        return text if self.show.paths else text.replace(str(self.path), self.name)

    @property
    def scan(self) -> ScanPath:
        """Where the scan lies."""
        return ScanPath(self.path, self.options.files, self.label)
