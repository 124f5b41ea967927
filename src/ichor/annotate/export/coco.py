"""COCO: the slices as PNG images in the brain window, on the scan's own grid, and all regions in annotations.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ichor.annotate.export.annotated import LABEL_COLOURS, LABEL_NAMES, NOT_MEDICAL, Annotated, origins_by_name
from ichor.formats.coco import CocoDataset
from ichor.windows import BRAIN


class CocoTarget:
    """Target of `ichor.annotate.export.run`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._dataset = CocoDataset(LABEL_NAMES, LABEL_COLOURS)

    def write(self, one: Annotated) -> list[str]:
        """Write one image per slice, with the rows and columns of the scan."""
        images = self._folder / "images"
        images.mkdir(exist_ok=True)
        gray = np.rint(BRAIN.gray(one.scan.hu)).astype(np.uint8)
        for k, labels in enumerate(one.slices, 1):
            name = f"{one.case}_{k:03d}.png"
            Image.fromarray(gray[k - 1]).save(images / name)
            facts: dict[str, Any] = {
                "case": one.case,
                "slice": k,
                "subtypes": list(labels.subtypes),
                "fracture": labels.fracture,
            }
            facts["finding"] = one.findings[k - 1]
            facts["ai_rejected"] = labels.ai_rejected
            facts["origins"] = origins_by_name(one.origins[k - 1])
            self._dataset.add(f"images/{name}", one.label_map[k - 1], facts)
        return []

    def finish(self) -> None:
        """Write annotations.json."""
        description = f"Intracranial hemorrhage on head CT, annotated with Ichor. {NOT_MEDICAL}"
        self._dataset.write(self._folder / "annotations.json", description)


make = CocoTarget
