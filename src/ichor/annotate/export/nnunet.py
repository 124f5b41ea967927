"""The raw dataset format of nnU-Net v2: for each case the HU and a mask of hemorrhage of any subtype.

Unread slices get nnU-Net's ignore label, which training and evaluation leave out.
"""

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
        self._n_cases, self._ignores = 0, False

    def write(self, one: Annotated) -> list[str]:
        """Write image and label."""
        case, mask = f"case_{one.case}", one.label_map > 0
        self._files.write_case(case, one.scan, mask, hu_scale(one.scan), ignored_slices=one.unread)
        self._ignores |= bool(one.unread)
        self._n_cases += 1
        return []

    def finish(self) -> None:
        """Write dataset.json."""
        facts = {"description": NOT_MEDICAL, "converted_by": "Ichor"}
        self._files.write_description(self._n_cases, facts, ignores=self._ignores)


make = NnUnetTarget
