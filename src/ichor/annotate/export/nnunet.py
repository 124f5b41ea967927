"""The raw dataset of nnU-Net v2: each case's HU, and where there is hemorrhage of any subtype."""

from __future__ import annotations

from pathlib import Path

from ichor.annotate.export.annotated import NOT_MEDICAL, Annotated
from ichor.annotate.export.hu import hu_scale
from ichor.formats.nnunet import NnUnetDataset

NAME = "Dataset502_Annotated"  # 501 is ct-ich, as `ichor dataset export` writes it


class NnUnetTarget:
    """Target of `ichor.annotate.export.run`."""

    def __init__(self, folder: Path) -> None:
        self._files = NnUnetDataset(folder, NAME)
        self._n_cases = 0

    def write(self, one: Annotated) -> list[str]:
        """Write image and label."""
        self._files.write_case(f"case_{one.case}", one.scan, one.label_map > 0, hu_scale(one.scan))
        self._n_cases += 1
        return []

    def finish(self) -> None:
        """Write dataset.json."""
        self._files.write_description(self._n_cases, {"description": NOT_MEDICAL, "converted_by": "Ichor"})


make = NnUnetTarget
