"""Scans on their way into a project: which ones a user means, under which names, and each read and taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ichor.annotate.project import Project
from ichor.errors import UnreadableInput
from ichor.read import open_scan
from ichor.read.base import ReadOptions
from ichor.screen.inputs import find_scans, name_scans, path_sha256

VIDEO = ".avi"


@dataclass(frozen=True, slots=True)
class Intake:
    """A scan that is to be taken in: where it lies, whose it is, and what it is called."""

    path: Path
    subject: str
    name: str


def find_intakes(project: Project, paths: Sequence[Path], subject: str | None = None) -> list[Intake]:
    """The scans that the paths stand for, by the rule of `ichor.screen.inputs`, but for those that the project has.

    A scan is called as its file or folder is; two of one name get a hash of their paths behind it. Each is a subject
    of its own, unless `subject` says whose they all are.
    """
    scans = project.scans()
    there = {scan.source_path for scan in scans}
    taken = {scan.name: path_sha256(Path(scan.source_path)) for scan in scans}
    found = dict.fromkeys(_one_of_a_pair(path.resolve()) for path in find_scans(paths, project.folder))
    names = name_scans([path for path in found if str(path) not in there], taken)
    return [Intake(path, subject or name, name) for path, name in names.items()]


def take_in(project: Project, intake: Intake, options: ReadOptions) -> None:
    """Read a scan and put it into the project. Raises UnreadableInput where it cannot be read."""
    project.add_scan(open_scan(intake.path, options), intake.subject, intake.name)


def _one_of_a_pair(path: Path) -> Path:
    """The one file that stands for a pair of videos, so that both may be given; any other path is itself."""
    if path.suffix.lower() != VIDEO or not path.is_file():
        return path
    from ichor.read.video import find_pair

    try:
        return find_pair(path).brain
    except UnreadableInput:  # reading it will say so
        return path
