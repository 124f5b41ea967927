"""A scan to screen: its location, where its results go, and which identifying data they show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ichor.read.base import ReadOptions, ScanPath
from ichor.screening.inputs import path_sha256
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
class Origin:
    """Where a scan comes from that is copied to this machine to be read.

    Attributes:
        address: such as s3://bucket/head.nii.gz.
        sha256: a hash of the address and of the names, sizes and versions of the files there; empty until they have
            been listed.
    """

    address: str
    sha256: str = ""

    @property
    def path(self) -> Path:
        """A path that stands for the address where names and hashes are made of paths; nothing lies there."""
        return Path("/", *self.address.replace("://", "/").split("/"))


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
        origin: where the scan comes from, if `path` is only a copy of it.
    """

    path: Path
    folder: Path
    options: ReadOptions
    outputs: tuple[str, ...] | None = None
    method_sha256: str | None = None
    operating_point: str | None = None
    label: str = ""
    show: Shown = field(default_factory=Shown)
    origin: Origin | None = None

    @property
    def name(self) -> str:
        """The name of the scan."""
        return self.folder.name

    @property
    def shown_path(self) -> str | None:
        """The scan's path, or None if it is not to be shown."""
        return self.place if self.show.paths else None

    @property
    def place(self) -> str:
        """Where the scan is stored, as results and messages say it: its absolute path, or the address of its origin."""
        return full_path(self.scan) if self.origin is None else self.origin.address

    @property
    def path_sha256(self) -> str:
        """A hash of where the scan is stored."""
        return path_sha256(self.scan.path, self.label)

    def without_path(self, text: str) -> str:
        """The text with the scan's name for its path, if that is not to be shown, or the origin for that of a copy."""
        if not self.show.paths:
            return text.replace(str(self.path), self.name)
        return text if self.origin is None else text.replace(str(self.path), self.origin.address)

    @property
    def scan(self) -> ScanPath:
        """The location of the scan; that of its origin for a copy."""
        path = self.path if self.origin is None else self.origin.path
        return ScanPath(path, self.options.files, self.label)
