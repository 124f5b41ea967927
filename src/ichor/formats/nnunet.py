"""The raw dataset of nnU-Net v2, and its cross-validation folds.

    nnUNet_raw/DatasetNNN_Name/
        imagesTr/CASE_0000.nii.gz   HU; 0000 is the channel number
        labelsTr/CASE.nii.gz        0 background, 1 hemorrhage, 2 ignored, on the same grid
        dataset.json
    nnUNet_preprocessed/DatasetNNN_Name/splits_final.json

Isensee et al. 2021, doi:10.1038/s41592-020-01008-z; documentation/dataset_format.md and manual_data_splits.md of
its repository. The label 2 is nnU-Net's ignore label (documentation/ignore_label.md). nnU-Net finds the two folders
through environment variables of the same names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.formats.hu_scale import WHOLE_HU, HuScale
from ichor.formats.nifti import write_hu, write_labels
from ichor.scan import Scan

SUFFIX = ".nii.gz"
IGNORED = 2


@dataclass(frozen=True, slots=True)
class NnUnetDataset:
    """A dataset with this layout in `folder`, the parent of nnUNet_raw; `name` is of the form DatasetNNN_Name."""

    folder: Path
    name: str

    @property
    def raw(self) -> Path:
        """The folder of the images and labels."""
        return self.folder / "nnUNet_raw" / self.name

    def has_case(self, case: str) -> bool:
        """Whether the case is complete: its label is written last."""
        return self._label(case).is_file()

    def write_case(
        self,
        case: str,
        scan: Scan,
        mask: NDArray[np.bool_],
        scale: HuScale = WHOLE_HU,
        *,
        ignored_slices: Sequence[int] = (),
    ) -> None:
        """Write a scan and its mask (n, rows, columns) as one case; ignored slices get the ignore label."""
        for folder in ("imagesTr", "labelsTr"):
            (self.raw / folder).mkdir(parents=True, exist_ok=True)
        write_hu(scan, self.raw / "imagesTr" / f"{case}_0000{SUFFIX}", scale)
        labels = mask.astype(np.uint8)
        labels[list(ignored_slices)] = IGNORED
        write_labels(labels, scan, self._label(case))

    def write_description(self, n_cases: int, facts: dict[str, Any], *, ignores: bool = False) -> None:
        """Write dataset.json; nnU-Net reads its own four keys, and `facts` is additional information for users.

        `ignores`: whether any case has an ignored slice.

        The channel name makes nnU-Net normalize the values as for CT.
        """
        description = {
            "channel_names": {"0": "CT"},
            "labels": {"background": 0, "hemorrhage": 1} | ({"ignore": IGNORED} if ignores else {}),
            "numTraining": n_cases,
            "file_ending": SUFFIX,
            **facts,
        }
        _write_json(self.raw / "dataset.json", description)

    def write_splits(self, splits: Sequence[dict[str, list[str]]]) -> None:
        """Write splits_final.json: for each fold the cases under "train" and those under "val"."""
        folder = self.folder / "nnUNet_preprocessed" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder / "splits_final.json", splits)

    def _label(self, case: str) -> Path:
        return self.raw / "labelsTr" / f"{case}{SUFFIX}"


def _write_json(path: Path, content: Any) -> None:
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
