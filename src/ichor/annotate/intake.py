"""Adds scans to a project: finds them at the given paths, names them and reads them."""

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
    """A scan to add: its location, its subject and its name."""

    scan: ScanPath
    subject: str
    name: str


def find_intakes(project: Project, paths: Sequence[Path], subject: str | None = None) -> list[Intake]:
    """The scans at these paths, found by the rules of `ichor.read.find`, that are not in the project yet.

    A scan is named after the end of its path (`ichor.screening.names`). Each scan becomes a subject of its own, unless
    `subject` names the subject of all of them.
    """
    scans = project.scans()
    found = dict.fromkeys(
        replace(scan, path=_one_of_a_pair(scan.path.resolve())) for scan in find_scans(paths, project.folder)
    )
    # If a path has several scans, the project stores only the path and the name of each.
    labels = {(str(scan.path), name): scan.label for scan in found for name in all_names(scan) if scan.label}
    there = {(one.source_path, labels.get((one.source_path, one.name), "")) for one in scans}
    new = [scan for scan in found if (str(scan.path), scan.label) not in there]
    taken = {one.name: path_sha256(Path(one.source_path), labels.get((one.source_path, one.name), "")) for one in scans}
    return [Intake(scan, subject or name, name) for scan, name in name_scans(new, taken).items()]


def take_in(project: Project, intake: Intake, options: ReadOptions) -> None:
    """Read a scan and add it to the project. Raises UnreadableInput if it cannot be read."""
    project.add_scan(open_scan(intake.scan, options), intake.subject, intake.name)


def _one_of_a_pair(path: Path) -> Path:
    """The brain video of a pair of videos, so that either file can be given; any other path unchanged."""
    if path.suffix.lower() != VIDEO or not path.is_file():
        return path
    from ichor.read.video import find_pair

    try:
        return find_pair(path).brain
    except UnreadableInput:  # reading it later reports why
        return path
