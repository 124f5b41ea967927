"""Contradictions between regions and labels: one rule for the page and for all exports."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ichor.annotate.project.records import Labels


def contradictions(drawn: AbstractSet[int], slices: Sequence[Labels], scan: Labels) -> list[str]:
    """One phrase for each subtype without a region and each region without a subtype.

    `drawn` holds the indices of the slices with a region, `slices` the labels of each slice and `scan` those of the
    scan, including the labels that regions imply.
    """
    found = []
    for k, labels in enumerate(slices):
        if labels.subtypes and k not in drawn:
            found.append(f"slice {k + 1} is labeled {', '.join(labels.subtypes)} but has no region")
        if k in drawn and not labels.subtypes:
            found.append(f"slice {k + 1} has a region but no subtype")
    on_slices = frozenset().union(*(labels.subtypes for labels in slices))
    if alone := [name for name in scan.subtypes if name not in on_slices]:
        found.append(f"{', '.join(alone)} is a label of the scan but of no slice")
    return found
