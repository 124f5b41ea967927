"""Whether a scan is excluded from overlap metrics by the dataset that it was imported from."""

from __future__ import annotations

from ichor.dataset.registry import open_dataset
from ichor.errors import UnreadableInput
from ichor.scan import Scan

UNKNOWN = "its dataset is no longer where it was imported from, so whether it is excluded from overlap is unknown"


def exclusion_of(scan: Scan) -> str:
    """The reason for the exclusion; empty if the scan is not excluded or its dataset is no longer there."""
    path = scan.source.path
    try:
        return open_dataset(path.parent.parent, "ct-ich").excluded_from_overlap.get(path.stem, "")
    except UnreadableInput:  # it was imported from elsewhere
        return ""


def is_unknown(scan: Scan) -> bool:
    """Whether the scan comes from a dataset that is no longer there."""
    return scan.source.kind.startswith("ct-ich") and not scan.source.path.exists()
