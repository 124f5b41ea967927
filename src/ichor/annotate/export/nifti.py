"""NIfTI: for each case the scan in HU, the label map on the same grid, and the labels of slices and scan.

NNN/image.nii.gz    HU
NNN/labels.nii.gz   0 background, 1 to 5 the subtypes, 6 hemorrhage of no stated subtype
NNN/labels.json     labels of the scan and of the slices (numbered from 1); for each slice also the finding
                ("hemorrhage", "no hemorrhage", "unread", "unknown": ichor.annotate.project.findings), the
                origins of its regions, and whether an AI outline on it was rejected
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ichor.annotate.export.annotated import LABEL_NAMES, NOT_MEDICAL, Annotated, origins_by_name
from ichor.annotate.export.hu import hu_scale
from ichor.atomic import write_whole
from ichor.formats.nifti import grid_warnings, write_hu, write_labels


class NiftiTarget:
    """Target of `ichor.annotate.export.run`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, one: Annotated) -> list[str]:
        """Write one case."""
        folder = self._folder / one.case
        folder.mkdir()
        write_hu(one.scan, folder / "image.nii.gz", hu_scale(one.scan))
        write_labels(one.label_map, one.scan, folder / "labels.nii.gz")
        content = {
            "use": NOT_MEDICAL,
            "names": {str(label): name for label, name in LABEL_NAMES.items()},
            "scan": asdict(one.labels),
            "slices": {
                str(k): {
                    **asdict(labels),
                    "finding": one.findings[k - 1],
                    "origins": origins_by_name(one.origins[k - 1]),
                }
                for k, labels in enumerate(one.slices, 1)
            },
        }
        write_whole(folder / "labels.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        return [warning.replace("findings.json", "the project") for warning in grid_warnings(one.scan)]

    def finish(self) -> None:
        """Nothing is written for all cases together."""


make = NiftiTarget
