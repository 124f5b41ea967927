"""Whether the dataset that a scan was imported from excludes it from all figures of overlap."""

from __future__ import annotations

from ichor.dataset.base import open_dataset
from ichor.errors import UnreadableInput
from ichor.scan import Scan

UNKNOWN = "its dataset is no longer where it was imported from: whether that excludes it from overlap is not known"


def exclusion_of(scan: Scan) -> str:
    """The reason that the scan's dataset gives; empty where it gives none, or is there no longer."""
    path = scan.source.path
    try:
        return open_dataset(path.parent.parent).excluded_from_overlap.get(path.stem, "")
    except UnreadableInput:
        return ""


def is_unknown(scan: Scan) -> bool:
    """Whether the scan is of a dataset that is there no longer."""
    return scan.source.kind.startswith("ct-ich") and not scan.source.path.exists()
