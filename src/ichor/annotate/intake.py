"""Adding scans to a project: finding and naming those that the user means, and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ichor.annotate.project import Project
from ichor.errors import UnreadableInput
from ichor.read import open_scan
from ichor.read.base import ReadOptions, ScanPath
from ichor.screening.inputs import find_scans, path_sha256
from ichor.screening.names import all_names, name_scans

VIDEO = ".avi"


@dataclass(frozen=True, slots=True)
class Intake:
    """A scan that is to be taken in: where it lies, whose it is, and what it is called."""

    scan: ScanPath
    subject: str
    name: str


def find_intakes(project: Project, paths: Sequence[Path], subject: str | None = None) -> list[Intake]:
    """The scans that the paths stand for, by the rules of `ichor.read.find`, but for those that the project has.

    A scan is called by the end of its path (`ichor.screening.names`). Each is a subject of its own, unless `subject`
    says whose they all are.
    """
    scans = project.scans()
    found = dict.fromkeys(
        replace(scan, path=_one_of_a_pair(scan.path.resolve())) for scan in find_scans(paths, project.folder)
    )
    # Of several scans at a path, a project keeps the path and the name alone.
    labels = {(str(scan.path), name): scan.label for scan in found for name in all_names(scan) if scan.label}
    there = {(one.source_path, labels.get((one.source_path, one.name), "")) for one in scans}
    new = [scan for scan in found if (str(scan.path), scan.label) not in there]
    taken = {one.name: path_sha256(Path(one.source_path), labels.get((one.source_path, one.name), "")) for one in scans}
    return [Intake(scan, subject or name, name) for scan, name in name_scans(new, taken).items()]


def take_in(project: Project, intake: Intake, options: ReadOptions) -> None:
    """Read a scan and put it into the project. Raises UnreadableInput if it cannot be read."""
    project.add_scan(open_scan(intake.scan, options), intake.subject, intake.name)


def _one_of_a_pair(path: Path) -> Path:
    """The one file that stands for a pair of videos, so that both may be given; any other path is itself."""
    if path.suffix.lower() != VIDEO or not path.is_file():
        return path
    from ichor.read.video import find_pair

    try:
        return find_pair(path).brain
    except UnreadableInput:  # reading it will say so
        return path
