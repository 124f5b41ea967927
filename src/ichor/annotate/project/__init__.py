"""A project: one folder with scans and their annotations.

with open_project(Path("study"), create=True) as project:
    record = project.add_scan(open_scan("path/to/scan"), subject="001", name="first")
    project.put_label_map(record.id, "ann", 3, outline, by="ann")
"""

from __future__ import annotations

from ichor.annotate.project.project import Project, open_project
from ichor.annotate.project.records import (
    CONSENSUS,
    UNSTATED,
    Change,
    Labels,
    LayerState,
    NotInProject,
    Origin,
    Origins,
    Person,
    Ruler,
    ScanRecord,
    SliceMap,
    StaleRevision,
)

__all__ = [
    "CONSENSUS",
    "UNSTATED",
    "Change",
    "Labels",
    "LayerState",
    "NotInProject",
    "Origin",
    "Origins",
    "Person",
    "Project",
    "Ruler",
    "ScanRecord",
    "SliceMap",
    "StaleRevision",
    "open_project",
]
